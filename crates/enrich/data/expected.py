"""Countries of addresses as the `maxminddb` package for Python reads them, for the test of the embedded table.

    pip install maxminddb
    python3 crates/enrich/data/expected.py geo-whois-asn-country.mmdb > crates/enrich/tests/data/countries.csv

The addresses are the edges of random networks of the file and random addresses of both families; the seed is fixed.
"""

import ipaddress
import random
import sys

import maxminddb

reader = maxminddb.open_database(sys.argv[1])
chance = random.Random(20260617)
networks = [(network, record) for network, record in reader]
addresses = set()
for network, _ in chance.sample(networks, 1200):
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    for number in (first, last, first - 1, last + 1):
        if 0 < number < (1 << network.max_prefixlen):
            addresses.add(kind(number))
for _ in range(1500):
    addresses.add(ipaddress.IPv4Address(chance.getrandbits(32)))
for _ in range(500):
    addresses.add(ipaddress.IPv6Address((0x2000 << 112) | chance.getrandbits(125)))

for address in sorted(addresses, key=lambda a: (a.version, int(a))):
    # What an IPv6 address carries is looked up in its place; that is tested elsewhere.
    if address.version == 6 and (address.ipv4_mapped or address.sixtofour or address.teredo or int(address) < (1 << 64)):
        continue
    record = reader.get(str(address)) or {}
    code = record.get("country_code", "")
    print(f"{address},{'' if code in ('ZZ', 'XX', 'EU', 'AP') else code}")
