//! Uploads arrive compressed or not; what comes out is bounded, whatever went in.

use std::io::{self, Read};

/// What carries packed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A request: many at once, from outside.
    Http,
    /// A file that the operator names.
    File,
}

impl Carrier {
    /// 8 MiB is all that `Content-Encoding: zstd` may ask for (RFC 9659 3); 128 MiB is what `zstd --long` makes.
    const fn zstd_window_log(self) -> u32 {
        match self {
            Carrier::Http => 23,
            Carrier::File => 27,
        }
    }
}

/// How an upload is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// RFC 1952
    Gzip,
    /// RFC 8878
    Zstd,
}

impl Encoding {
    /// Of a `Content-Encoding` header; `None` for one that is not read here.
    pub fn by_name(name: &str) -> Option<Encoding> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Encoding::Identity),
            "gzip" | "x-gzip" => Some(Encoding::Gzip),
            "zstd" => Some(Encoding::Zstd),
            _ => None,
        }
    }

    /// By the first bytes of a file.
    pub fn by_magic(start: &[u8]) -> Encoding {
        if start.starts_with(&[0x1f, 0x8b]) {
            Encoding::Gzip
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Encoding::Zstd
        } else {
            Encoding::Identity
        }
    }

    /// A reader of what was packed. Unpacking takes at most the memory that the carrier may ask for.
    pub fn reader<'a>(
        self,
        packed: impl Read + Send + 'a,
        carrier: Carrier,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Encoding::Identity => Box::new(packed),
            // Rotated logs are often several members one after another.
            Encoding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Encoding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(packed)?;
                decoder.window_log_max(carrier.zstd_window_log())?;
                Box::new(decoder)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(encoding: Encoding, packed: &[u8], expected: &[u8]) {
        let mut out = Vec::new();
        encoding
            .reader(packed, Carrier::Http)
            .unwrap()
            .read_to_end(&mut out)
            .unwrap();
        assert_eq!(out, expected);
        assert_eq!(Encoding::by_magic(packed), encoding);
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_out() {
        check(Encoding::Identity, b"{}", b"{}");
        check(Encoding::Gzip, &gzip(b"{}"), b"{}");
        check(Encoding::Zstd, &zstd::bulk::compress(b"{}", 1).unwrap(), b"{}");
    }

    #[test]
    fn several_members_are_read_one_after_another() {
        check(Encoding::Gzip, &[gzip(b"{}\n"), gzip(b"[]")].concat(), b"{}\n[]");
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(Encoding::by_name("GZip"), Some(Encoding::Gzip));
        assert_eq!(Encoding::by_name("zstd"), Some(Encoding::Zstd));
        assert_eq!(Encoding::by_name("br"), None);
    }

    #[test]
    fn a_request_cannot_ask_for_a_window_of_128_mib() {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![b'x'; 1 << 20]).unwrap();
        let packed = encoder.finish().unwrap();
        let unpack = |carrier| {
            let mut out = Vec::new();
            Encoding::Zstd
                .reader(&packed[..], carrier)
                .unwrap()
                .read_to_end(&mut out)
                .map_err(|error| error.to_string())
        };
        assert_eq!(unpack(Carrier::File), Ok(1 << 20));
        assert!(unpack(Carrier::Http).is_err());
    }
}
