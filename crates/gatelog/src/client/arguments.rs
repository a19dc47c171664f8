//! The flags that every command of the client takes.

use super::auth::endpoints::Protocol;
use std::path::PathBuf;

/// Which service, and who asks.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(
    next_help_heading = "Service and identity (flags, then variables, then the profile, then the last sign-in)"
)]
pub(crate) struct Connection {
    /// Scheme, host and port of the service, such as https://reports.contoso.com
    #[arg(long, value_name = "ADDRESS", env = "GATELOG_HOST", hide_env_values = true)]
    pub(crate) host: Option<String>,
    /// The tenant, by name or GUID
    #[arg(long, env = "GATELOG_TENANT", hide_env_values = true)]
    pub(crate) tenant: Option<String>,
    /// The section [profile.NAME] of the client's configuration file [default: default]
    #[arg(long, value_name = "NAME", env = "GATELOG_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<String>,
    /// The application that asks
    #[arg(long, value_name = "ID", env = "GATELOG_CLIENT_ID", hide_env_values = true)]
    pub(crate) client_id: Option<String>,
    /// A file with the application's secret; - is standard input, credential:NAME one of systemd
    #[arg(
        long,
        value_name = "FILE",
        env = "GATELOG_CLIENT_SECRET_FILE",
        hide_env_values = true
    )]
    pub(crate) client_secret_file: Option<String>,
    /// A file with the application's certificate and its RSA key, in PEM, instead of a secret
    #[arg(
        long,
        value_name = "FILE",
        env = "GATELOG_CERTIFICATE",
        hide_env_values = true
    )]
    pub(crate) certificate: Option<PathBuf>,
    /// Authorities in PEM that are trusted beside the machine's own
    #[arg(long, value_name = "FILE", env = "GATELOG_CA_FILE", hide_env_values = true)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Where tokens come from, if not from the service itself
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "GATELOG_AUTHORITY",
        hide_env_values = true
    )]
    pub(crate) authority: Option<String>,
    /// The OAuth2 addresses to use [default: v2 where the service has them, else v1]
    #[arg(long, value_enum, env = "GATELOG_OAUTH", hide_env_values = true)]
    pub(crate) oauth: Option<Protocol>,
    /// What the token is for [default: https://graph.windows.net]
    #[arg(
        long,
        value_name = "AUDIENCE",
        env = "GATELOG_RESOURCE",
        hide_env_values = true
    )]
    pub(crate) resource: Option<String>,
    /// A proxy; HTTP_PROXY and its like are not looked at
    #[arg(long, value_name = "ADDRESS", env = "GATELOG_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<String>,
    /// Send tokens over plain HTTP to other machines, too; everybody on the way can read them
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say each request on standard error, without tokens and secrets
    #[arg(long)]
    pub(crate) debug: bool,
}
