"""Graphs for tests, as scripts for a Gremlin server."""

# A value of every type that GraphSON 3 has a name for.
VALUES = r"""[anInt: 7, lowest: Long.MIN_VALUE, aLong: 1L << 60, aDouble: 0.1d, tiny: Double.MIN_VALUE, minusZero: -0.0d, nan: Double.NaN,
 infinite: Double.NEGATIVE_INFINITY, aFloat: 1.5f, yes: true, no: false, empty: "", text: "a \"quoted\" \\ line\n\u0001\u00e9\u4e2d\ud83d\ude00 </x>",
 uuid: UUID.fromString("41d2e28a-20a4-4ab0-b379-d810dede3786"), date: new Date(1481750076295L), timestamp: new java.sql.Timestamp(1481750076295L),
 bigDecimal: 123456789987654321123456789987654321.50G, bigInteger: 123456789987654321123456789987654321G, aByte: (byte) -1, aShort: (short) 100,
 aChar: (char) 'x', bytes: java.nio.ByteBuffer.wrap([1, 2, 3] as byte[]), duration: java.time.Duration.ofDays(5),
 instant: java.time.Instant.ofEpochSecond(1481750076, 295000000), localDate: java.time.LocalDate.of(2016, 1, 1),
 localDateTime: java.time.LocalDateTime.of(2016, 1, 1, 12, 30), localTime: java.time.LocalTime.of(12, 30, 45),
 monthDay: java.time.MonthDay.of(1, 1), offsetDateTime: java.time.OffsetDateTime.parse("2007-12-03T10:15:30+01:00"),
 offsetTime: java.time.OffsetTime.parse("10:15:30+01:00"), period: java.time.Period.of(1, 6, 15), year: java.time.Year.of(2016),
 yearMonth: java.time.YearMonth.of(2016, 6), zoneOffset: java.time.ZoneOffset.of("+03:06:09"),
 zonedDateTime: java.time.ZonedDateTime.parse("2016-12-23T12:12:24.000000036+02:00[GMT+02:00]"), inet: java.net.InetAddress.getByName("127.0.0.1"),
 list: [1, 2L, "three", [4.0d]], set: ["a", 1] as Set, map: [(1): "one", two: [2], (3L): [:]], nothingIn: []
]"""
# One vertex with a value of every type that GraphSON 3 has a name for, and shapes that are easily lost: several values of a key, properties of
# properties, loops, parallel edges, awkward texts, a vertex without anything.
EVERYTHING = r"""
import org.apache.tinkerpop.gremlin.structure.VertexProperty.Cardinality as C
a = graph.addVertex(T.label, "types")
""" + VALUES + r""".each { key, value -> a.property(C.single, key, value); }
b = graph.addVertex(T.label, "with \"quotes\" \u00e9")
c = graph.addVertex("bare")
e = a.addEdge("knows", b, "since", 2010L, "where", ["x": 1.5f])
a.addEdge("knows", b)
a.addEdge("a \"label\"", b, "when", new Date(5))
b.addEdge("self", b, "w", 0.5d)
0
"""
# What a graph needs the cardinality `list` for, and so TinkerPop's own reader loses here.
SEVERAL_VALUES = r"""
import org.apache.tinkerpop.gremlin.structure.VertexProperty.Cardinality as C
d = graph.addVertex(T.label, "several")
d.property(C.list, "name", "one", "from", 1, "to", 2L)
d.property(C.list, "name", "two", "from", new Date(1))
d.property(C.list, "name", "two")
0
"""
ONE_META = 'graph.addVertex("meta").property(org.apache.tinkerpop.gremlin.structure.VertexProperty.Cardinality.single, "k", 1, "m", [1, "two"]); 0'


def hub(edges: int) -> str:
    """A vertex with so many edges, both ways: more than one page holds."""
    return f"""h = graph.addVertex("hub"); s = graph.addVertex("spoke")
for (int i = 0; i < {edges}; i++) {{ h.addEdge("out" + i % 3, s, "n", i); s.addEdge("in", h, "n", i) }}
0"""


def many(vertices: int, edges: int) -> str:
    return f"""import org.apache.tinkerpop.gremlin.structure.VertexProperty.Cardinality as C
r = new Random(7); made = new ArrayList()
for (int i = 0; i < {vertices}; i++) made.add(graph.addVertex(T.label, "L" + i % 5, "name", "n" + i, "num", i, "big", i * 1000000007L, "score", i * 0.37d, "flag", i % 2 == 0))
for (int i = 0; i < {edges}; i++) made.get(r.nextInt({vertices})).addEdge("e" + i % 4, made.get(r.nextInt({vertices})), "w", r.nextDouble())
0"""


def many_of_all(vertices: int, edges: int) -> str:
    """Every type in turn, on vertices, edges and properties, and several values of a key; vertices and edges like many()."""
    return f"""import org.apache.tinkerpop.gremlin.structure.VertexProperty.Cardinality as C
eachType = new ArrayList({VALUES}.values()); n = eachType.size()
r = new Random(7); made = new ArrayList()
for (int i = 0; i < {vertices}; i++) {{
  v = graph.addVertex(T.label, "L" + i % 5, "name", "n" + i, "any", eachType.get(i % n), "other", eachType.get((i + 7) % n))
  v.property(C.list, "several", i, "from", eachType.get((i + 1) % n), "to", eachType.get((i + 2) % n))
  if (i % 3 == 0) v.property(C.list, "several", eachType.get(i % n), "by", "n" + i)
  made.add(v)
}}
for (int i = 0; i < {edges}; i++) made.get(r.nextInt({vertices})).addEdge("e" + i % 4, made.get(r.nextInt({vertices})), "w", r.nextDouble(), "any", eachType.get(i % n))
0"""


# TinkerPop's own reader and writer with the module for all types: as g.io() has them, the writer refuses the types of gx: and the reader makes
# texts of them.
MAPPER = """import org.apache.tinkerpop.gremlin.structure.io.graphson.*
mapper = GraphSONMapper.build().version(GraphSONVersion.V3_0).addDefaultXModule(true).create()
"""


def own_writer(path) -> str:
    return MAPPER + f"new File('{path}').withOutputStream {{ GraphSONWriter.build().mapper(mapper).create().writeGraph(it, graph) }}; 0"


def own_reader(path) -> str:
    return MAPPER + f"new File('{path}').withInputStream {{ GraphSONReader.build().mapper(mapper).create().readGraph(it, graph) }}; 0"
