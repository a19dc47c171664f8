//! The documents against the fragment that survives, and against the rules of XML.

use super::*;
use crate::fixtures;

fn documents() -> [String; 3] {
    [Document::Service, Document::Reports, Document::Activities].map(|document| csdl(document, fixtures::ALL))
}

/// Wire contract 2.4 \[C: SO1\].
#[test]
fn an_entity_is_declared_as_in_the_fragment_that_survives() {
    let expected = r#"      <EntityType Name="SsprRegistrationActivityEvent">
        <Key>
          <PropertyRef Name="id"/>
        </Key>
        <Property Name="eventTime" Type="Edm.DateTimeOffset" Nullable="false"/>
        <Property Name="role" Type="Edm.String"/>
        <Property Name="registrationActivity" Type="Edm.String"/>
        <Property Name="id" Type="Edm.String" Nullable="false"/>
        <Property Name="displayName" Type="Edm.String"/>
        <Property Name="userName" Type="Edm.String"/>
      </EntityType>
"#;
    let reports = csdl(Document::Reports, fixtures::ALL);
    assert!(reports.contains(expected), "{reports}");
}

#[test]
fn the_document_of_the_activities_is_this() {
    let expected = r#"<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityType Name="AuditEntity">
        <Key>
          <PropertyRef Name="id"/>
        </Key>
        <Property Name="id" Type="Edm.String" Nullable="false"/>
        <Property Name="activityDate" Type="Edm.DateTimeOffset" Nullable="false"/>
        <Property Name="actor" Type="Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog.ActorUserEntity"/>
        <Property Name="targets" Type="Collection(Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog.TargetResourceUserEntity)" Nullable="false"/>
        <Property Name="succeeded" Type="Edm.Boolean"/>
      </EntityType>
      <ComplexType Name="ActorUserEntity">
        <Property Name="name" Type="Edm.String"/>
        <Property Name="flow" Type="Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.Breakdown"/>
      </ComplexType>
      <ComplexType Name="TargetResourceUserEntity">
        <Property Name="name" Type="Edm.String"/>
      </ComplexType>
    </Schema>
    <Schema Namespace="Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <ComplexType Name="Breakdown" OpenType="true"/>
    </Schema>
    <Schema Namespace="Default" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityContainer Name="Container">
        <EntitySet Name="audit" EntityType="Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog.AuditEntity"/>
      </EntityContainer>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"#;
    assert_eq!(
        csdl(Document::Activities, &[&fixtures::ACTIVITIES_AUDIT]),
        expected
    );
}

#[test]
fn every_report_is_an_entity_set_of_its_family_in_their_order() {
    let sets = |document: &str| -> Vec<String> {
        let named = document
            .lines()
            .filter_map(|line| line.trim().strip_prefix("<EntitySet Name=\""));
        named
            .map(|line| line.split('"').next().unwrap().to_owned())
            .collect()
    };
    let [service, reports, activities] = documents();
    assert_eq!(sets(&service), ["reports"]);
    assert_eq!(
        sets(&reports),
        [
            "auditEvents",
            "ssprRegistrationActivityEvents",
            "signInsFromPossiblyInfectedDevicesEvents",
            "tenantUserCount",
            "b2cAuthenticationCount",
        ]
    );
    assert_eq!(sets(&activities), ["audit", "signinEvents"]);
}

#[test]
fn a_type_that_several_reports_share_is_declared_once() {
    let twice = csdl(
        Document::Reports,
        &[&fixtures::TENANT_USER_COUNT, &fixtures::TENANT_USER_COUNT],
    );
    assert_eq!(twice.matches("<EntityType Name=\"TenantUserCount\">").count(), 1);
    let reports = csdl(Document::Reports, fixtures::ALL);
    assert_eq!(
        reports
            .matches("<ComplexType Name=\"Breakdown\" OpenType=\"true\"/>")
            .count(),
        1
    );
}

#[test]
fn nothing_in_the_document_points_to_another_host() {
    for document in documents() {
        assert!(!document.contains("edmx:Reference"), "{document}");
    }
}

#[test]
fn every_document_is_well_formed() {
    for document in documents() {
        check_well_formed(&document);
    }
}

#[test]
fn hostile_names_stay_inside_their_attribute() {
    assert_eq!(
        escape(r#"<a & 'b' "c">"#),
        "&lt;a &amp; &apos;b&apos; &quot;c&quot;&gt;"
    );
}

/// Tags nest and close; attributes are quoted, single and free of `<`; nothing but white space stands between tags.
fn check_well_formed(document: &str) {
    let body = document
        .strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")
        .unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut roots = 0;
    for piece in body.split('<') {
        let Some((tag, between)) = piece.split_once('>') else {
            assert_eq!(piece, "", "text before the first tag");
            continue;
        };
        assert_eq!(between.trim(), "", "text between tags");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        roots += usize::from(open.is_empty());
        let (content, closed) = tag
            .strip_suffix('/')
            .map_or((tag, false), |content| (content, true));
        let (name, mut attributes) = content.split_once(' ').unwrap_or((content, ""));
        let mut names = Vec::new();
        while !attributes.is_empty() {
            let (attribute, rest) = attributes.split_once("=\"").unwrap();
            let (_, rest) = rest.split_once('"').unwrap();
            assert!(
                !attribute.contains(['"', ' ']) && !names.contains(&attribute),
                "{tag}"
            );
            names.push(attribute);
            attributes = rest.strip_prefix(' ').unwrap_or(rest);
        }
        if !closed {
            open.push(name);
        }
    }
    assert_eq!((roots, open.len()), (1, 0));
}
