import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.sql.Timestamp;
import java.time.*;
import java.util.*;
import org.apache.commons.configuration2.BaseConfiguration;
import org.apache.tinkerpop.gremlin.structure.*;
import org.apache.tinkerpop.gremlin.structure.io.graphson.*;
import org.apache.tinkerpop.gremlin.tinkergraph.structure.TinkerGraph;

/** Writes all-types.graph and all-types-read-again.graph into the folder that is named. */
public class MakeGraph {
    static TinkerGraph open() {
        BaseConfiguration configuration = new BaseConfiguration();
        configuration.setProperty("gremlin.graph", TinkerGraph.class.getName());
        configuration.setProperty("gremlin.tinkergraph.vertexIdManager", "ANY");
        configuration.setProperty("gremlin.tinkergraph.defaultVertexPropertyCardinality", "list");
        return TinkerGraph.open(configuration);
    }

    static GraphSONMapper mapper() {
        return GraphSONMapper.build().version(GraphSONVersion.V3_0).addCustomModule(GraphSONXModuleV3.build()).create();
    }

    static void write(Graph graph, String file) throws Exception {
        try (OutputStream out = new FileOutputStream(file)) {
            GraphSONWriter.build().mapper(mapper()).create().writeGraph(out, graph);
        }
    }

    static Map<String, Object> values() throws Exception {
        Map<Object, Object> map = new LinkedHashMap<>();
        map.put("k", 1);
        map.put(5L, List.of("v"));
        map.put(Set.of(1), "set key");
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("text", "pl\u00e4in \"q\" \\ / \n\t\u0001\u007f \ud83d\ude00");
        all.put("true", true);
        all.put("false", false);
        all.put("int", Integer.MAX_VALUE);
        all.put("intLow", Integer.MIN_VALUE);
        all.put("long", Long.MIN_VALUE);
        all.put("double", 0.1);
        all.put("doubleOne", 1.0);
        all.put("doubleMin", Double.MIN_VALUE);
        all.put("doubleMax", Double.MAX_VALUE);
        all.put("minusZero", -0.0);
        all.put("nan", Double.NaN);
        all.put("inf", Double.POSITIVE_INFINITY);
        all.put("minusInf", Double.NEGATIVE_INFINITY);
        all.put("float", 1.1f);
        all.put("floatNan", Float.NaN);
        all.put("floatMin", Float.MIN_VALUE);
        all.put("uuid", UUID.fromString("41d2e28a-20a4-4ab0-b379-d810dede3786"));
        all.put("date", new Date(1481750076295L));
        all.put("timestamp", new Timestamp(1481750076295L));
        all.put("list", List.of(1, 2L, "x", List.of(true)));
        all.put("set", new LinkedHashSet<>(List.of("b", "a", 3)));
        all.put("map", map);
        all.put("bigDecimal", new BigDecimal("123456789987654321123456789987654321.50"));
        all.put("bigDecimalE", new BigDecimal("1E+20"));
        all.put("bigInteger", new BigInteger("123456789987654321123456789987654321"));
        all.put("byte", (byte) -1);
        all.put("short", (short) 100);
        all.put("char", 'x');
        all.put("charUmlaut", '\u00e4');
        all.put("buffer", ByteBuffer.wrap("some bytes for you".getBytes()));
        all.put("duration", Duration.ofDays(5));
        all.put("instant", Instant.parse("2016-12-14T16:39:19.349Z"));
        all.put("localDate", LocalDate.of(2016, 1, 1));
        all.put("localDateTime", LocalDateTime.of(2016, 1, 1, 12, 30));
        all.put("localTime", LocalTime.of(12, 30, 45));
        all.put("offsetDateTime", OffsetDateTime.parse("2007-12-03T10:15:30+01:00"));
        all.put("zonedDateTime", ZonedDateTime.parse("2016-12-23T12:12:24.000000036+02:00[GMT+02:00]"));
        all.put("inet", InetAddress.getByName("127.0.0.1"));
        all.put("inet6", InetAddress.getByName("::1"));
        all.put("year", Year.of(2016));
        all.put("yearMonth", YearMonth.of(2016, 6));
        all.put("monthDay", MonthDay.of(1, 1));
        all.put("period", Period.of(1, 6, 15));
        all.put("zoneOffset", ZoneOffset.ofHoursMinutesSeconds(3, 6, 9));
        all.put("offsetTime", OffsetTime.parse("10:15:30+01:00"));
        return all;
    }

    public static void main(String[] arguments) throws Exception {
        String folder = arguments[0];
        TinkerGraph graph = open();
        Vertex all = graph.addVertex(T.id, 1L, T.label, "all types");
        Vertex two = graph.addVertex(T.id, "text id", T.label, "other");
        Vertex three = graph.addVertex(T.id, UUID.fromString("0a4aa8a0-0000-4000-8000-000000000001"), T.label, "other");
        graph.addVertex(T.id, 7, T.label, "alone");
        Edge edge = all.addEdge("has all", two, T.id, "edge 1");
        for (Map.Entry<String, Object> entry : values().entrySet()) {
            all.property(entry.getKey(), entry.getValue());
            edge.property(entry.getKey(), entry.getValue());
        }
        two.property(VertexProperty.Cardinality.list, "many", "a", "since", 2004, "until", 1.5);
        two.property(VertexProperty.Cardinality.list, "many", "b");
        two.property(VertexProperty.Cardinality.list, "many", "a");
        two.addEdge("knows", three, T.id, 2L);
        two.addEdge("knows", three, T.id, 3L, "weight", 0.5f);
        three.addEdge("knows", three, T.id, 4L, "loop", true);
        three.addEdge("made", all, T.id, 5L);
        write(graph, folder + "/all-types.graph");
        TinkerGraph again = open();
        try (InputStream in = new FileInputStream(folder + "/all-types.graph")) {
            GraphSONReader.build().mapper(mapper()).create().readGraph(in, again);
        }
        write(again, folder + "/all-types-read-again.graph");
    }
}
