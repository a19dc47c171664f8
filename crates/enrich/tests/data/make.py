"""Small files in MaxMind's format in the shapes of several makers, for the tests; all made up.

    pip install mmdb-writer netaddr
    python3 crates/enrich/tests/data/make.py
"""

import os
import time

import netaddr
from mmdb_writer import MMDBWriter

# The files say that they were built on 1 January 2026, whenever they are made.
time.time = lambda: 1767225600
os.chdir(os.path.dirname(os.path.abspath(__file__)))


def write(name, title, version, records, **options):
    writer = MMDBWriter(
        version, title, languages=["en", "de"], description="made up for tests", ipv4_compatible=version == 6, **options
    )
    for network, record in records.items():
        writer.insert_network(netaddr.IPSet([network]), record)
    writer.to_db_file(name)


write("nested-city.mmdb", "GeoLite2-City", 6, {
    "203.0.113.0/26": {
        "city": {"geoname_id": 2950159, "names": {"de": "Berlin", "en": "Berlin"}},
        "country": {"iso_code": "DE", "names": {"de": "Deutschland", "en": "Germany"}},
        "location": {"accuracy_radius": 20, "latitude": 52.52, "longitude": 13.41, "time_zone": "Europe/Berlin"},
        "subdivisions": [{"iso_code": "BE", "names": {"de": "Land Berlin", "en": "State of Berlin"}}],
    },
    "203.0.113.64/26": {
        "country": {"iso_code": "FR", "names": {"en": "France"}},
        "location": {"accuracy_radius": 500, "latitude": 48.86, "longitude": 2.34},
    },
    "203.0.113.128/26": {
        "city": {"names": {"de": "Mailand", "en": "Milan"}},
        "country": {"iso_code": "IT"},
        "location": {"latitude": 45.46, "longitude": 9.19},
    },
    "203.0.113.192/26": {"registered_country": {"iso_code": "US"}},
    "8.8.8.0/24": {"country": {"iso_code": "CH"}, "location": {"latitude": 46.9, "longitude": 7.4}},
    "10.0.0.0/8": {"country": {"iso_code": "AQ"}},
    "2001:db8:1::/48": {
        "city": {"names": {"en": "Lisbon"}},
        "country": {"iso_code": "PT"},
        "location": {"accuracy_radius": 5, "latitude": 38.72, "longitude": -9.14},
    },
})

write("flat-city-ipv4.mmdb", "city ipv4", 4, {
    "198.51.100.0/26": {
        "city": "Oslo", "country_code": "NO", "latitude": 59.91, "longitude": 10.75, "state1": "Oslo",
        "state2": "", "postcode": "", "timezone": "",
    },
    "198.51.100.64/26": {
        "city": "", "country_code": "NO", "latitude": 69.65, "longitude": 18.96, "state1": "Troms",
    },
    "198.51.100.128/26": {"city": "", "country_code": "SE", "latitude": 62.0, "longitude": 15.0, "state1": ""},
    "198.51.100.192/27": {"city": "Nowhere", "country_code": "ZZ", "latitude": 91.0, "longitude": 0.0},
    "198.51.100.224/27": {"city": 7, "country_code": ["NO"], "latitude": "60.39", "longitude": "5.32", "state1": "Vestland"},
}, float_type="f64")

write("flat-city-ipv6.mmdb", "city ipv6", 6, {
    "2001:db8:2::/48": {"city": "Reykjavik", "country_code": "IS", "latitude": 64.15, "longitude": -21.94},
})

write("asn.mmdb", "GeoLite2-ASN", 6, {
    "203.0.113.0/24": {"autonomous_system_number": 64496, "autonomous_system_organization": "Contoso Example Net"},
    "2001:db8:1::/48": {"autonomous_system_number": 64497},
})

write("ipinfo.mmdb", "ipinfo generic_lite_free.mmdb", 6, {
    "203.0.113.0/24": {"asn": "AS64511", "as_name": "Fabrikam", "country": "Japan", "country_code": "JP"},
    "198.51.100.0/24": {"asn": "", "country": "NZ", "city": "Wellington", "lat": "-41.29", "lng": "174.78"},
})
