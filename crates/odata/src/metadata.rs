//! `$metadata`: the reports' shapes as CSDL XML, which generators and Power Query read.

use model::entity::{AUDIT_LOG_NAMESPACE, ComplexDef, Edm, EntityDef, NAMESPACE, Property};
use model::reports::{Face, ReportDef};

/// `Content-Type` of the document.
pub const CONTENT_TYPE: &str = "application/xml;charset=utf-8";

/// Which of the three documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `/{tenant}/$metadata`: the list of reports.
    Service,
    /// `/{tenant}/reports/$metadata`: the reports' rows.
    Reports,
    /// `/{tenant}/activities/$metadata`: the rows of /activities.
    Activities,
}

/// The document over all reports; those of the other address family are passed over.
///
/// Version 4.0, for several libraries read any other number as OData V2 (interop note 1); no references to other hosts,
/// which some libraries would fetch (interop note 7); no precision on dates, as in the fragment that survives (wire
/// contract 2.4 \[C: SO1\]). The entity sets stand near the end and bear the names of the operations.
pub fn csdl(document: Document, reports: &[&'static ReportDef]) -> String {
    let mut out = String::with_capacity(16 * 1024);
    line(&mut out, 0, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    line(
        &mut out,
        0,
        "<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">",
    );
    line(&mut out, 1, "<edmx:DataServices>");
    match document {
        Document::Service => service(&mut out),
        Document::Reports => face(&mut out, Face::Reports, reports),
        Document::Activities => face(&mut out, Face::Activities, reports),
    }
    line(&mut out, 1, "</edmx:DataServices>");
    line(&mut out, 0, "</edmx:Edmx>");
    out
}

fn service(out: &mut String) {
    schema(out, NAMESPACE, &[&LISTED_REPORT], &[]);
    container(out, &[("reports", NAMESPACE, LISTED_REPORT.name)]);
}

/// An item of the list of reports.
const LISTED_REPORT: EntityDef = EntityDef {
    name: "Report",
    key: "Name",
    properties: &[
        Property::text("Name", "The name of the operation.").required(),
        Property::text("LicenseRequired", "`True` or `False`, as text.").required(),
    ],
};

fn face(out: &mut String, face: Face, reports: &[&'static ReportDef]) {
    let namespace = match face {
        Face::Reports => NAMESPACE,
        Face::Activities => AUDIT_LOG_NAMESPACE,
    };
    let mut entities: Vec<&EntityDef> = Vec::new();
    let mut complexes: Vec<&'static ComplexDef> = Vec::new();
    let mut sets = Vec::new();
    for report in reports.iter().filter(|report| report.face == face) {
        sets.push((report.name, namespace, report.entity.name));
        if !entities.iter().any(|entity| entity.name == report.entity.name) {
            entities.push(report.entity);
            collect(report.entity.properties, &mut complexes);
        }
    }
    schema(out, namespace, &entities, &complexes);
    for other in [NAMESPACE, AUDIT_LOG_NAMESPACE] {
        if other != namespace && complexes.iter().any(|complex| complex.namespace == other) {
            schema(out, other, &[], &complexes);
        }
    }
    container(out, &sets);
}

/// The complex types that properties use, and those that these use.
fn collect(properties: &'static [Property], complexes: &mut Vec<&'static ComplexDef>) {
    for property in properties {
        let (Edm::Complex(complex) | Edm::Collection(complex)) = property.edm else {
            continue;
        };
        let known = complexes
            .iter()
            .any(|other| other.name == complex.name && other.namespace == complex.namespace);
        if !known {
            complexes.push(complex);
            collect(complex.properties, complexes);
        }
    }
}

/// The entity types, then those of the complex types that belong to the name space.
fn schema(out: &mut String, namespace: &str, entities: &[&EntityDef], complexes: &[&'static ComplexDef]) {
    open_schema(out, namespace);
    for entity in entities {
        line(out, 3, &format!("<EntityType Name=\"{}\">", escape(entity.name)));
        line(out, 4, "<Key>");
        line(out, 5, &format!("<PropertyRef Name=\"{}\"/>", escape(entity.key)));
        line(out, 4, "</Key>");
        entity
            .properties
            .iter()
            .for_each(|property| declare(out, property));
        line(out, 3, "</EntityType>");
    }
    for complex in complexes.iter().filter(|complex| complex.namespace == namespace) {
        let open = if complex.open { " OpenType=\"true\"" } else { "" };
        let name = escape(complex.name);
        if complex.properties.is_empty() {
            line(out, 3, &format!("<ComplexType Name=\"{name}\"{open}/>"));
            continue;
        }
        line(out, 3, &format!("<ComplexType Name=\"{name}\"{open}>"));
        complex
            .properties
            .iter()
            .for_each(|property| declare(out, property));
        line(out, 3, "</ComplexType>");
    }
    line(out, 2, "</Schema>");
}

fn declare(out: &mut String, property: &Property) {
    let nullable = if property.nullable {
        ""
    } else {
        " Nullable=\"false\""
    };
    let (name, edm) = (escape(property.name), escape(&type_name(property.edm)));
    line(
        out,
        4,
        &format!("<Property Name=\"{name}\" Type=\"{edm}\"{nullable}/>"),
    );
}

fn type_name(edm: Edm) -> String {
    let primitive = match edm {
        Edm::String => "Edm.String",
        Edm::DateTimeOffset => "Edm.DateTimeOffset",
        Edm::Int32 => "Edm.Int32",
        Edm::Int64 => "Edm.Int64",
        Edm::Double => "Edm.Double",
        Edm::Guid => "Edm.Guid",
        Edm::Boolean => "Edm.Boolean",
        Edm::Complex(complex) => return format!("{}.{}", complex.namespace, complex.name),
        Edm::Collection(complex) => return format!("Collection({}.{})", complex.namespace, complex.name),
    };
    primitive.to_owned()
}

/// The container, in the name space and with the name that the OData libraries of the time gave it: none survives.
fn container(out: &mut String, sets: &[(&str, &str, &str)]) {
    open_schema(out, "Default");
    line(out, 3, "<EntityContainer Name=\"Container\">");
    for (name, namespace, entity) in sets {
        let (name, entity) = (escape(name), escape(&format!("{namespace}.{entity}")));
        line(
            out,
            4,
            &format!("<EntitySet Name=\"{name}\" EntityType=\"{entity}\"/>"),
        );
    }
    line(out, 3, "</EntityContainer>");
    line(out, 2, "</Schema>");
}

fn open_schema(out: &mut String, namespace: &str) {
    let namespace = escape(namespace);
    line(
        out,
        2,
        &format!("<Schema Namespace=\"{namespace}\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">"),
    );
}

fn line(out: &mut String, depth: usize, tag: &str) {
    out.extend(std::iter::repeat_n("  ", depth));
    out.push_str(tag);
    out.push('\n');
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

#[cfg(test)]
mod tests;
