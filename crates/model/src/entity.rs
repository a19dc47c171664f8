//! The shapes of rows: entity types, their properties and the types of those, as `$metadata` declares them.

/// The name space of the entities (wire contract 2.4 \[C: EN\]).
pub const NAMESPACE: &str = "Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting";
/// The name space of the /activities types (wire contract 2.4 \[C: AREF\]).
pub const AUDIT_LOG_NAMESPACE: &str =
    "Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog";

/// An entity type: what the rows of a report look like.
#[derive(Debug, PartialEq, Eq)]
pub struct EntityDef {
    /// The type's name, without name space.
    pub name: &'static str,
    /// The name of the key property. OData V4 wants one for every type of an entity set; where the old service's is not
    /// known, it is the item's time.
    pub key: &'static str,
    /// The properties in the order in which JSON and `$metadata` give them.
    pub properties: &'static [Property],
}

impl EntityDef {
    /// The property of a name; names are case-sensitive.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// One property of an entity or complex type.
#[derive(Debug, PartialEq, Eq)]
pub struct Property {
    /// As JSON and `$metadata` spell it.
    pub name: &'static str,
    /// Its type.
    pub edm: Edm,
    /// Whether null can be served.
    pub nullable: bool,
    /// Whether `$filter` may use it.
    pub filterable: bool,
    /// What it says, for the documentation.
    pub about: &'static str,
}

/// The types of properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edm {
    /// `Edm.String`
    String,
    /// `Edm.DateTimeOffset`, seven fraction digits
    DateTimeOffset,
    /// `Edm.Int32`
    Int32,
    /// `Edm.Int64`, a JSON number
    Int64,
    /// `Edm.Double`
    Double,
    /// `Edm.Guid`
    Guid,
    /// `Edm.Boolean`
    Boolean,
    /// A complex type
    Complex(&'static ComplexDef),
    /// A list of complex values
    Collection(&'static ComplexDef),
}

/// A complex type.
#[derive(Debug, PartialEq, Eq)]
pub struct ComplexDef {
    /// The type's name, without name space.
    pub name: &'static str,
    /// The name space.
    pub namespace: &'static str,
    /// The declared properties.
    pub properties: &'static [Property],
    /// An open type has further members, whose names are data (name → number).
    pub open: bool,
    /// What it is, for the documentation.
    pub about: &'static str,
}

impl Property {
    /// Text that may be null.
    pub const fn text(name: &'static str, about: &'static str) -> Property {
        Property::new(name, Edm::String, about)
    }

    /// A property that may be null and cannot be filtered by.
    pub const fn new(name: &'static str, edm: Edm, about: &'static str) -> Property {
        Property {
            name,
            edm,
            nullable: true,
            filterable: false,
            about,
        }
    }

    /// The same property, never null.
    #[must_use]
    pub const fn required(self) -> Property {
        Property {
            nullable: false,
            ..self
        }
    }

    /// The same property, usable in `$filter`.
    #[must_use]
    pub const fn filterable(self) -> Property {
        Property {
            filterable: true,
            ..self
        }
    }
}
