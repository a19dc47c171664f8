//! Applications that people sign in to, and the resources that the tokens are for.

/// An application as a sign-in names it, with the resource behind it. Microsoft's own applications have the ids that
/// they have in every directory.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) resource: &'static Resource,
}

/// What a token is for.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
}

const EXCHANGE: Resource = Resource {
    name: "Office 365 Exchange Online",
    id: "00000002-0000-0ff1-ce00-000000000000",
};
const SHAREPOINT: Resource = Resource {
    name: "Office 365 SharePoint Online",
    id: "00000003-0000-0ff1-ce00-000000000000",
};
const GRAPH: Resource = Resource {
    name: "Microsoft Graph",
    id: "00000003-0000-0000-c000-000000000000",
};
const DIRECTORY: Resource = Resource {
    name: "Windows Azure Active Directory",
    id: "00000002-0000-0000-c000-000000000000",
};
const MANAGEMENT: Resource = Resource {
    name: "Windows Azure Service Management API",
    id: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
};
const TEAMS_SERVICE: Resource = Resource {
    name: "Skype Teams Service",
    id: "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
};
const STORAGE: Resource = Resource {
    name: "Azure Storage",
    id: "e406a681-f3d4-42a8-90b6-c2b029497af1",
};

/// The index of Office 365 Exchange Online, which legacy protocols sign in to.
pub(crate) const MAIL: usize = 0;
/// The index of the portal where administrators work.
pub(crate) const AZURE_PORTAL: usize = 5;

/// So many applications, the first of the list, are for everybody.
pub(crate) const COMMON_APPS: usize = 5;

/// The applications. Their order is part of what a seed means: add at the end.
pub(crate) const APPS: &[App] = &[
    app(
        "Office 365 Exchange Online",
        "00000002-0000-0ff1-ce00-000000000000",
        &EXCHANGE,
    ),
    app(
        "Microsoft Teams",
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
        &TEAMS_SERVICE,
    ),
    app(
        "Office 365 SharePoint Online",
        "00000003-0000-0ff1-ce00-000000000000",
        &SHAREPOINT,
    ),
    app("Microsoft Office", "d3590ed6-52b3-4102-aeff-aad2292ab01c", &GRAPH),
    app("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca", &GRAPH),
    app(
        "Azure Portal",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        &MANAGEMENT,
    ),
    app("Salesforce", "481732f5-fe5b-48c0-8445-d238ab230658", &DIRECTORY),
    app("SAP S/4HANA", "8c6b7d52-6f3e-4c57-9d1c-2f4a0be0a7c1", &DIRECTORY),
    app(
        "Microsoft Azure CLI",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        &MANAGEMENT,
    ),
    app(
        "GitHub Enterprise Cloud",
        "b6a5c2f0-7d43-4f19-8b28-1a7c6f0e3d92",
        &DIRECTORY,
    ),
    app(
        "Atlassian Cloud",
        "e5f8a1b3-0c27-4d6e-9a54-7b3d2c1f8e60",
        &DIRECTORY,
    ),
    app("DocuSign", "2f9d4c81-5b6a-4e73-a0c8-9e1f7d3b5a24", &DIRECTORY),
    app("ServiceNow", "6a1e0f7c-94b2-4d38-8c5f-3b7a9d2e6014", &DIRECTORY),
    app("Power BI Service", "00000009-0000-0000-c000-000000000000", &GRAPH),
    app("Workday", "d7c3b9a4-1e58-4f02-b6d1-8a5e0c7f2943", &DIRECTORY),
    app(
        "Adobe Creative Cloud",
        "93c8e2d6-70f1-4ab5-9e47-5d0b6a1c3f78",
        &DIRECTORY,
    ),
];

/// Applications that sign in as themselves: name, application id, and the resource that they use.
pub(crate) const SERVICES: &[App] = &[
    app("Backup Agent", "51f3a7c9-2d84-4b60-a9e1-6c7d0f5b8e32", &STORAGE),
    app("HR Provisioning", "a80b6e14-c3d9-4f75-8e26-0b9f1d7a5c43", &GRAPH),
    app("Log Collector", "c9e4d2b7-8f16-4a03-b5d8-7e2a6c0f9153", &GRAPH),
    app(
        "Release Pipeline",
        "3d7f9b05-6ea2-4c18-97b4-f1c5e8a0d264",
        &MANAGEMENT,
    ),
];

const fn app(name: &'static str, id: &'static str, resource: &'static Resource) -> App {
    App { name, id, resource }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use uuid::Uuid;

    #[test]
    fn every_application_has_a_guid_of_its_own() {
        let mut seen = HashSet::new();
        for app in APPS.iter().chain(SERVICES) {
            assert!(
                Uuid::try_parse(app.id).is_ok() && Uuid::try_parse(app.resource.id).is_ok(),
                "{app:?}"
            );
            assert!(seen.insert(app.id), "{app:?}");
        }
        assert_eq!(APPS[AZURE_PORTAL].name, "Azure Portal");
        assert_eq!(APPS[MAIL].name, "Office 365 Exchange Online");
    }
}
