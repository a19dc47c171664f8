//! The shape of the command line.

use crate::commands::Command;
use crate::output::Format;
use clap::Parser;
use std::path::PathBuf;

/// Identity reports and events, served from your own machine.
///
/// Imports the sign-in and audit logs of your directory, keeps them, and answers the Azure AD Reports and Events API
/// that Microsoft has switched off.
#[derive(Debug, Parser)]
#[command(name = "gatelog", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Common {
    /// The data folder [default: $GATELOG_DATA, else $XDG_DATA_HOME/gatelog]
    #[cfg(unix)]
    #[arg(long, global = true, value_name = "FOLDER", help_heading = EVERYWHERE)]
    pub(crate) data: Option<PathBuf>,
    /// The configuration file (TOML) of the service, else GATELOG__… variables and defaults; for commands that ask a service,
    /// the file of profiles [default: $XDG_CONFIG_HOME/gatelog/config.toml, on Windows %APPDATA%/gatelog/config.toml]
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub(crate) config: Option<PathBuf>,
    /// How answers are printed [default: table; rows of reports that go into a file or another program: jsonl]
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) output: Format,
}

/// Where the help of a command shows what all of them take.
const EVERYWHERE: &str = "Every command";

#[cfg(not(unix))]
const EXAMPLES: &str = "Examples:
  gatelog agent check --config agent.toml           what the agent would read and send
  gatelog login --host https://reports.contoso.com --tenant contoso.com --client-id ID
  gatelog get auditEvents --since 7d                ask any service that speaks the reports API

The service itself and its administration are not in this program on this system.

Exit codes: 0 done, 1 failed, 2 asked wrongly, 3 not found, 4 not signed in or not allowed, 5 throttled, 6 done in part,
130 interrupted. NO_COLOR is honoured.";

#[cfg(unix)]
const EXAMPLES: &str = "Examples:
  gatelog demo                                      a server with made-up events, and curl lines to try
  gatelog import SigninLogs.json AuditLogs.json     keep what you downloaded from your own tenant
  gatelog serve --config /etc/gatelog/gatelog.toml  serve it
  gatelog app create --tenant contoso.com --name siem --permission Directory.Read.All

  gatelog login --host https://reports.contoso.com --tenant contoso.com --client-id ID
  gatelog get auditEvents --since 7d                ask any service that speaks the reports API

Exit codes: 0 done, 1 failed, 2 asked wrongly, 3 not found, 4 not signed in or not allowed, 5 throttled, 6 done in part,
130 interrupted. NO_COLOR is honoured.";
