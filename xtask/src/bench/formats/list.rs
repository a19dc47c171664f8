//! The list of templates: at least one for each format. A template is a file in `templates/` and a line below.

use sources::FormatDef;

/// Records of one format, as one of its carriers brings them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// The format's id.
    pub(super) format: &'static str,
    /// How the records are written down.
    pub(super) way: Way,
    /// One record, with the places of `template.rs`; of a table the row of its headings stands before it.
    pub(super) text: &'static str,
    /// Who is to recognise it.
    pub(super) reader: Reader,
}

/// How records are written down, and with it what they are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// JSON, one record a line: against `serde_json::from_slice::<Value>` of each line.
    Json,
    /// A table, whose first line has the headings: against a plain read.
    Table,
    /// Any other text, which may have several lines: against a plain read.
    Text,
    /// An event log of Windows, which is written for the occasion: against a plain read. It needs no text.
    EventLog,
}

/// Who is to recognise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Any format may, as it is when nobody says which.
    Any,
    /// This format alone: its records look like those of another.
    Own,
}

/// Every sample.
pub(super) const ALL: &[Sample] = &[
    json("entra-graph", include_str!("templates/entra-graph.json")),
    json(
        "entra-azure-monitor",
        include_str!("templates/entra-azure-monitor.json"),
    ),
    json(
        "entra-log-analytics",
        include_str!("templates/entra-log-analytics.json"),
    ),
    table("entra-csv", include_str!("templates/entra-csv.csv")),
    Sample {
        reader: Reader::Own,
        ..table(
            "entra-csv-non-interactive",
            include_str!("templates/entra-csv.csv"),
        )
    },
    Sample {
        reader: Reader::Own,
        ..table(
            "entra-csv-managed-identity",
            include_str!("templates/entra-csv-managed-identity.csv"),
        )
    },
    json("office-365", include_str!("templates/office-365.json")),
    table("office-365", include_str!("templates/office-365.csv")),
    json("jumpcloud", include_str!("templates/jumpcloud.json")),
    json("ocsf", include_str!("templates/ocsf.json")),
    json("okta", include_str!("templates/okta.json")),
    json(
        "google-workspace",
        include_str!("templates/google-workspace.json"),
    ),
    json("auth0", include_str!("templates/auth0.json")),
    json("duo", include_str!("templates/duo.json")),
    json("onelogin", include_str!("templates/onelogin.json")),
    json("mim", include_str!("templates/mim.json")),
    json(
        "windows-security",
        include_str!("templates/windows-security.json"),
    ),
    text("windows-security", include_str!("templates/windows-security.xml")),
    json("keycloak", include_str!("templates/keycloak.json")),
    text("keycloak", include_str!("templates/keycloak.log")),
    text("unix-auth", include_str!("templates/unix-auth.log")),
    json("ad-fs", include_str!("templates/ad-fs.json")),
    text("pingfederate", include_str!("templates/pingfederate.log")),
    text("cef", include_str!("templates/cef.log")),
    json("breach-list", include_str!("templates/breach-list.json")),
    Sample {
        way: Way::EventLog,
        ..text("windows-security", "")
    },
];

const fn json(format: &'static str, text: &'static str) -> Sample {
    Sample {
        format,
        way: Way::Json,
        text,
        reader: Reader::Any,
    }
}

const fn table(format: &'static str, text: &'static str) -> Sample {
    Sample {
        format,
        way: Way::Table,
        text,
        reader: Reader::Any,
    }
}

const fn text(format: &'static str, text: &'static str) -> Sample {
    Sample {
        format,
        way: Way::Text,
        text,
        reader: Reader::Any,
    }
}

/// The formats that have no sample.
pub(super) fn missing() -> Vec<&'static FormatDef> {
    let has_one = |format: &FormatDef| ALL.iter().any(|sample| sample.format == format.id);
    sources::ALL
        .iter()
        .copied()
        .filter(|format| !has_one(format))
        .collect()
}
