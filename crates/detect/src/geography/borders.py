"""Makes `borders.table`: the least distance between any two countries, and a circle around each.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    pip install numpy pycountry
    python3 crates/detect/src/geography/borders.py package/countries-10m.json crates/detect/src/geography/borders.table

The outlines are those of Natural Earth 1:10m, version 4.1 (public domain), as the package world-atlas has them (its own
code is ISC). Borders are walked in steps of at most STEP_KM; the true distance of two outlines is at most one step less
than that of their points, so a step is taken off: the numbers are lower bounds. They are whole kilometres, rounded down.

Layout: `gatelog borders 1\\n`; the number of countries as u16; for each, by its letters: two letters, the latitude and
longitude of the middle of its circle in hundredths of a degree as i16, the circle's radius in km as u16, rounded up; then for
each country and each one before it the distance in km as u16. All little-endian.
"""

import json
import math
import struct
import sys

import numpy
import pycountry

EARTH_KM = 6371.0088
STEP_KM = 4.0

# Outlines without a number of ISO 3166, and those of ours for whom they count. What two claim counts for both.
NAMED = {
    "Kosovo": ["XK"], "Somaliland": ["SO"], "N. Cyprus": ["CY"], "Cyprus U.N. Buffer Zone": ["CY"],
    "Dhekelia": ["CY", "GB"], "Akrotiri": ["CY", "GB"], "Siachen Glacier": ["IN", "PK"], "Baikonur": ["KZ"],
    "USNB Guantanamo Bay": ["CU", "US"], "Coral Sea Is.": ["AU"], "Clipperton I.": ["FR"],
    "Indian Ocean Ter.": ["AU"],
}
# Parts with letters of their own that the outlines count for another country: letters, whose outline, west, south, east, north.
PARTS = [
    ("GF", "FR", -55.0, 2.0, -51.0, 6.0), ("GP", "FR", -62.0, 15.7, -60.9, 16.7), ("MQ", "FR", -61.4, 14.2, -60.7, 15.0),
    ("RE", "FR", 55.0, -21.6, 56.0, -20.7), ("YT", "FR", 44.8, -13.2, 45.5, -12.4),
    ("BQ", "NL", -68.6, 11.9, -68.0, 12.5), ("BQ", "NL", -63.4, 17.3, -62.8, 17.8),
    ("SJ", "NO", 8.0, 73.0, 35.0, 82.0), ("SJ", "NO", -10.0, 70.5, -7.0, 71.5), ("BV", "NO", 3.0, -55.0, 4.0, -54.0),
    ("TK", "NZ", -173.0, -10.0, -171.0, -8.0), ("CX", "AU", 105.0, -11.0, 106.5, -10.0),
    ("CC", "AU", 96.0, -13.0, 98.0, -11.0),
    # Claimed by two.
    ("UA", "RU", 32.3, 44.2, 36.8, 46.3), ("MA", "EH", -180.0, -90.0, 180.0, 90.0),
]
# What the outlines count for a country, and the table of countries never does.
NOT_OF = {"NL": ["BQ"], "NO": ["BV"]}
# Parts whose addresses the table of countries often gives to the country that they belong to. Measured against GeoLite2 of
# June 2026: of Puerto Rico's 40 % stand as US, of Reunion's 52 % as FR, of Guadeloupe's 70 %; of Bermuda's, the Cayman
# Islands', Aruba's, Greenland's none. Here are those with 1 % and more.
COUNTED_FOR = {
    "FR": ["GF", "GP", "MQ", "RE", "YT", "PM", "MF", "BL"], "US": ["PR", "VI", "GU", "MP", "AS", "UM"],
    "GB": ["JE", "GG", "IM", "GI", "FK", "SH"], "NL": ["CW"], "FI": ["AX"], "CN": ["HK"],
    # The Netherlands Antilles are no more, but some addresses still stand there.
    "AN": ["BQ", "CW", "SX"],
}


def arcs(topology):
    scale_x, scale_y = topology["transform"]["scale"]
    move_x, move_y = topology["transform"]["translate"]
    decoded = []
    for arc in topology["arcs"]:
        points = numpy.cumsum(numpy.array(arc, dtype=float), axis=0)
        decoded.append(points * [scale_x, scale_y] + [move_x, move_y])
    return decoded


def indices(nested):
    for item in nested:
        if isinstance(item, int):
            yield item if item >= 0 else ~item
        else:
            yield from indices(item)


def unit(lonlat):
    lon, lat = numpy.radians(lonlat[:, 0]), numpy.radians(lonlat[:, 1])
    return numpy.stack([numpy.cos(lat) * numpy.cos(lon), numpy.cos(lat) * numpy.sin(lon), numpy.sin(lat)], axis=1)


def km(chord):
    return 2 * EARTH_KM * numpy.arcsin(numpy.minimum(chord / 2, 1))


def walked(points):
    """All points of a line, and more between those that are too far apart."""
    vectors = unit(points)
    lengths = km(numpy.linalg.norm(numpy.diff(vectors, axis=0), axis=1))
    pieces = [points[:1]]
    for start, end, length in zip(points[:-1], points[1:], lengths):
        count = max(1, math.ceil(length / STEP_KM))
        steps = numpy.arange(1, count + 1)[:, None] / count
        way = end - start
        # The short way, also across the 180th meridian.
        way[0] = (way[0] + 180) % 360 - 180
        pieces.append(start + way * steps)
    every = numpy.concatenate(pieces)
    every[:, 0] = (every[:, 0] + 180) % 360 - 180
    return every


def circle(vectors):
    """A circle around all points: walks towards the furthest one in ever smaller steps (Badoiu and Clarkson)."""
    middle = vectors.mean(axis=0)
    for step in range(1, 1000):
        furthest = vectors[numpy.argmin(vectors @ middle)]
        middle = middle + (furthest - middle) / (step + 1)
    middle = middle / numpy.linalg.norm(middle)
    lon, lat = math.degrees(math.atan2(middle[1], middle[0])), math.degrees(math.asin(middle[2]))
    lon, lat = round(lon, 2), round(lat, 2)
    rounded = unit(numpy.array([[lon, lat]]))[0]
    radius = float(km(numpy.linalg.norm(vectors - rounded, axis=1)).max()) + STEP_KM / 2
    return lat, lon, math.ceil(radius)


class Outline:
    """The points of a country, by cells of half a degree, so that only the cells that may be nearest are measured."""

    def __init__(self, lonlat):
        lonlat = numpy.unique(lonlat.round(5), axis=0)
        cells = numpy.floor(lonlat * 2).astype(int)
        order = numpy.lexsort((cells[:, 1], cells[:, 0]))
        lonlat, cells = lonlat[order], cells[order]
        self.vectors = unit(lonlat)
        starts = numpy.flatnonzero(numpy.any(numpy.diff(cells, axis=0, prepend=cells[:1] - 1), axis=1))
        self.groups = numpy.split(self.vectors, starts[1:])
        middles = numpy.array([group.mean(axis=0) for group in self.groups])
        self.middles = middles / numpy.linalg.norm(middles, axis=1)[:, None]
        self.radii = numpy.array(
            [km(numpy.linalg.norm(group - middle, axis=1)).max() for group, middle in zip(self.groups, self.middles)]
        )

    def nearest_km(self, other):
        between = km(numpy.sqrt(numpy.maximum(0, 2 - 2 * self.middles @ other.middles.T)))
        slack = self.radii[:, None] + other.radii[None, :]
        may_be = between - slack <= (between + slack).min()
        mine = numpy.concatenate([self.groups[index] for index in numpy.flatnonzero(may_be.any(axis=1))])
        theirs = numpy.concatenate([other.groups[index] for index in numpy.flatnonzero(may_be.any(axis=0))])
        largest = max((mine[start:start + 500] @ theirs.T).max() for start in range(0, len(mine), 500))
        return float(km(math.sqrt(max(0, 2 - 2 * largest))))


def main(source, target):
    topology = json.load(open(source, encoding="utf-8"))
    lines = [walked(arc) for arc in arcs(topology)]
    points = {}

    def add(code, found):
        points.setdefault(code, []).append(found)

    for geometry in topology["objects"]["countries"]["geometries"]:
        name, number = geometry["properties"]["name"], geometry.get("id")
        used = sorted(set(indices(geometry.get("arcs", []))))
        if not used:
            continue
        found = numpy.concatenate([lines[index] for index in used])
        if number:
            codes = [pycountry.countries.get(numeric=number).alpha_2]
        else:
            codes = NAMED.get(name, [])
        for code in codes:
            rest = numpy.ones(len(found), dtype=bool)
            for part, whose, west, south, east, north in PARTS:
                if whose != code and not (name == "Indian Ocean Ter." and whose == "AU"):
                    continue
                x, y = found[:, 0], found[:, 1]
                inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
                if inside.any():
                    add(part, found[inside])
                    if part in NOT_OF.get(code, []):
                        rest &= ~inside
            add(code, found[rest])
    for code, parts in COUNTED_FOR.items():
        for part in parts:
            points.setdefault(code, []).extend(points[part])

    codes = sorted(points)
    outlines = {code: Outline(numpy.concatenate(points[code])) for code in codes}
    out = bytearray(b"gatelog borders 1\n" + struct.pack("<H", len(codes)))
    for code in codes:
        lat, lon, radius = circle(outlines[code].vectors)
        out += code.encode() + struct.pack("<hhH", round(lat * 100), round(lon * 100), radius)
    for place, one in enumerate(codes):
        for other in codes[:place]:
            nearest = outlines[one].nearest_km(outlines[other])
            out += struct.pack("<H", max(0, math.floor(nearest - STEP_KM)))
    open(target, "wb").write(out)
    print(len(codes), "countries,", len(out), "bytes,", sum(len(outline.vectors) for outline in outlines.values()), "points")


main(sys.argv[1], sys.argv[2])
