//! One record of such a file, in any of the shapes that makers use.
//!
//! MaxMind nests (`country.iso_code`, `location.latitude`, `city.names.en`); the packages of ip-location-db are flat
//! (`country_code`, `latitude`, `city`, `state1`), as are those of IPinfo (`country_code` or `country`, `asn` as `AS64496`,
//! `as_name`). A member of another type than expected counts as absent: the rest of the record is still worth reading.

use model::whereabouts::Country;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    country: Loose<'a>,
    country_code: Loose<'a>,
    city: Loose<'a>,
    #[serde(borrow)]
    subdivisions: First<'a>,
    state1: Loose<'a>,
    region: Loose<'a>,
    #[serde(borrow)]
    location: Location<'a>,
    latitude: Loose<'a>,
    longitude: Loose<'a>,
    lat: Loose<'a>,
    lng: Loose<'a>,
    accuracy_radius: Loose<'a>,
    autonomous_system_number: Loose<'a>,
    autonomous_system_organization: Loose<'a>,
    asn: Loose<'a>,
    as_name: Loose<'a>,
}

impl Record<'_> {
    pub(super) fn country(&self) -> Option<Country> {
        let code = self
            .country
            .code
            .or(self.country_code.text)
            .or(self.country.text)?;
        // `ZZ` and `XX` stand for nowhere, `EU` and `AP` for regions.
        if matches!(code, "ZZ" | "XX" | "EU" | "AP") {
            return None;
        }
        Country::parse(code)
    }

    pub(super) fn city(&self) -> Option<&str> {
        self.city
            .english
            .or(self.city.text)
            .filter(|city| !city.is_empty())
    }

    pub(super) fn region(&self) -> Option<&str> {
        let nested = self.subdivisions.0.english.or(self.subdivisions.0.code);
        let region = nested.or(self.state1.text).or(self.region.text);
        region.filter(|region| !region.is_empty())
    }

    /// Degrees north and east, if they are some.
    pub(super) fn point(&self) -> Option<(f64, f64)> {
        let latitude = self.location.latitude.or(&self.latitude).or(&self.lat).number()?;
        let longitude = self
            .location
            .longitude
            .or(&self.longitude)
            .or(&self.lng)
            .number()?;
        let is_on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_on_earth.then_some((latitude, longitude))
    }

    /// How far off the maker says that the point may be.
    pub(super) fn radius_km(&self) -> Option<f64> {
        let radius = self.location.accuracy_radius.or(&self.accuracy_radius).number()?;
        (radius > 0.0 && radius.is_finite()).then_some(radius)
    }

    pub(super) fn network_number(&self) -> Option<u32> {
        let number = self.autonomous_system_number.or(&self.asn);
        if let Some(text) = number.text {
            let digits = text.strip_prefix("AS").unwrap_or(text);
            return digits.parse().ok().filter(|number| *number > 0);
        }
        let number = number
            .number
            .filter(|number| *number >= 1.0 && *number <= f64::from(u32::MAX))?;
        Some(number as u32)
    }

    pub(super) fn network_name(&self) -> Option<&str> {
        self.autonomous_system_organization.text.or(self.as_name.text)
    }
}

/// A value of any type: what it is good for is seen afterwards.
#[derive(Debug, Default, Clone, Copy)]
struct Loose<'a> {
    text: Option<&'a str>,
    number: Option<f64>,
    /// `iso_code` within it.
    code: Option<&'a str>,
    /// `names.en` within it, or the first name.
    english: Option<&'a str>,
}

impl<'a> Loose<'a> {
    fn or<'b>(&'b self, other: &'b Loose<'a>) -> &'b Loose<'a> {
        if self.text.is_some() || self.number.is_some() {
            self
        } else {
            other
        }
    }

    fn number(&self) -> Option<f64> {
        self.number.or_else(|| self.text?.trim().parse().ok())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    iso_code: Text<'a>,
    #[serde(borrow)]
    names: Names<'a>,
}

/// Where it is, if it is told in that shape.
#[derive(Debug, Default)]
struct Location<'a> {
    latitude: Loose<'a>,
    longitude: Loose<'a>,
    accuracy_radius: Loose<'a>,
}

/// The first of several.
#[derive(Debug, Default)]
struct First<'a>(Loose<'a>);

#[derive(Debug, Default)]
struct Text<'a>(Option<&'a str>);

#[derive(Debug, Default)]
struct Names<'a>(Option<&'a str>);

/// Reads a value of any type; each type makes what it wants of the few that it knows.
trait AnyType<'a>: Default {
    fn text(_text: &'a str) -> Self {
        Self::default()
    }

    fn number(_number: f64) -> Self {
        Self::default()
    }

    fn map<A: MapAccess<'a>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn list<A: SeqAccess<'a>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

impl<'a> AnyType<'a> for Loose<'a> {
    fn text(text: &'a str) -> Self {
        Loose {
            text: Some(text),
            ..Loose::default()
        }
    }

    fn number(number: f64) -> Self {
        Loose {
            number: Some(number),
            ..Loose::default()
        }
    }

    fn map<A: MapAccess<'a>>(map: A) -> Result<Self, A::Error> {
        let place = Place::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(Loose {
            code: place.iso_code.0,
            english: place.names.0,
            ..Loose::default()
        })
    }
}

impl<'a> AnyType<'a> for Text<'a> {
    fn text(text: &'a str) -> Self {
        Text(Some(text))
    }
}

impl<'a> AnyType<'a> for Names<'a> {
    fn map<A: MapAccess<'a>>(mut map: A) -> Result<Self, A::Error> {
        let mut name = None;
        while let Some((language, text)) = map.next_entry::<&str, Text<'a>>()? {
            if language == "en" || name.is_none() {
                name = text.0.or(name);
            }
        }
        Ok(Names(name))
    }
}

impl<'a> AnyType<'a> for First<'a> {
    fn list<A: SeqAccess<'a>>(mut list: A) -> Result<Self, A::Error> {
        let first = list.next_element::<Loose<'a>>()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

impl<'a> AnyType<'a> for Location<'a> {
    fn map<A: MapAccess<'a>>(mut map: A) -> Result<Self, A::Error> {
        let mut location = Location::default();
        while let Some(name) = map.next_key::<&str>()? {
            match name {
                "latitude" => location.latitude = map.next_value()?,
                "longitude" => location.longitude = map.next_value()?,
                "accuracy_radius" => location.accuracy_radius = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(location)
    }
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'a, T: AnyType<'a>> Visitor<'a> for AnyVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_borrowed_bytes<E>(self, _: &'a [u8]) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }

    fn visit_u128<E>(self, number: u128) -> Result<T, E> {
        Ok(T::number(number as f64))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }
}

macro_rules! any_type {
    ($($name:ident),*) => {
        $(impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name<'a>, D::Error> {
                deserializer.deserialize_any(AnyVisitor::<$name<'de>>(PhantomData))
            }
        })*
    };
}

// A generic implementation for all that is `AnyType` would be one for types of others, which the language forbids.
any_type!(Loose, Text, Names, First, Location);
