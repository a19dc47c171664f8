//! TLS by certificate files: 1.2 and 1.3, HTTP/2 and HTTP/1.1.

use crate::config::TlsFiles;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read as PEM, or holds nothing of use.
    #[error("cannot read {what} in {path}: {reason}", path = path.display())]
    File {
        /// Certificate or key.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The files do not make a TLS server.
    #[error("{certificate} and {key} do not go together: {source}", certificate = files.certificate.display(), key = files.key.display())]
    Unusable {
        /// The files.
        files: TlsFiles,
        /// Why.
        source: rustls::Error,
    },
}

/// The certificate that new connections get. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Tls(Arc<RwLock<Arc<rustls::ServerConfig>>>);

impl Tls {
    /// Reads certificate and key.
    pub fn load(files: &TlsFiles) -> Result<Tls, TlsError> {
        Ok(Tls(Arc::new(RwLock::new(read(files)?))))
    }

    /// Reads them anew, for every connection from now on. After an error the old ones stay.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        let renewed = read(files)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(files: &TlsFiles) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("the certificate", &files.certificate, &error))?;
    if chain.is_empty() {
        return Err(unreadable(
            "the certificate",
            &files.certificate,
            &pem::Error::NoItemsFound,
        ));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable("the private key", &files.key, &error))?;
    let unusable = |source| TlsError::Unusable {
        files: files.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn unreadable(what: &'static str, path: &Path, error: &pem::Error) -> TlsError {
    let reason = match error {
        pem::Error::NoItemsFound => "there is none; it takes PEM, with a line -----BEGIN …-----".to_owned(),
        pem::Error::Io(error) => error.to_string(),
        other => format!("it is not PEM ({other})"),
    };
    TlsError::File {
        what,
        path: path.to_owned(),
        reason,
    }
}
