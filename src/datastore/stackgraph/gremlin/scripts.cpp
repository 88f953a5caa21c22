#include "datastore/stackgraph/gremlin/scripts.h"

namespace holdfast::datastore::sg {

// Compiled statically: as a traversal with steps for every property it would take several times as
// long. The server goes on to the next page while the last one is on its way, and waits when
// nobody takes them. Real elements are wanted, not references, whatever `g` is configured to give.
const std::string_view kPages = R"groovy(
import groovy.transform.CompileStatic
import org.apache.tinkerpop.gremlin.process.traversal.strategy.finalization.ReferenceElementStrategy
import org.apache.tinkerpop.gremlin.structure.*

@CompileStatic
class HoldfastPages implements Iterator<List<Object>> {
  private final Iterator<Vertex> vertices
  private final int parts, part, size
  private Vertex vertex
  private Iterator<Edge> edges
  private boolean outgoing, metas
  private StringBuilder text
  private List<Object> others
  private final Map<String, String> names = new HashMap<String, String>()

  HoldfastPages(Iterator<Vertex> vertices, int parts, int part, int size) {
    this.vertices = vertices
    this.parts = parts
    this.part = part
    this.size = size
    advance()
    metas = vertex != null && vertex.graph().features().vertex().supportsMetaProperties()
  }

  boolean hasNext() { vertex != null }

  List<Object> next() {
    text = new StringBuilder(size + 4096)
    others = new ArrayList<Object>()
    others.add(null)
    while (vertex != null && hasRoom()) {
      if (edges == null) {
        text.append('v')
        addVertex()
        outgoing = true
        edges = vertex.edges(Direction.OUT)
      } else {
        text.append(outgoing ? 'x' : 'y')
      }
      while (edges != null && hasRoom()) {
        if (edges.hasNext()) addEdge(edges.next())
        else endEdges()
      }
    }
    others.set(0, text.toString())
    others
  }

  private boolean hasRoom() { text.length() + 64 * others.size() < size }

  private void advance() {
    vertex = null
    while (vertex == null && vertices.hasNext()) {
      Vertex one = vertices.next()
      if (parts == 1 || partOf(one.id()) == part) vertex = one
    }
  }

  private int partOf(Object id) {
    int hash = id instanceof Long ? id.intValue() : String.valueOf(id).hashCode()
    ((hash * -1640531527) >>> 16) % parts
  }

  private void endEdges() {
    text.append('.')
    if (outgoing) {
      outgoing = false
      edges = vertex.edges(Direction.IN)
    } else {
      edges = null
      advance()
    }
  }

  private void addVertex() {
    add(vertex.id())
    addName(vertex.label())
    Iterator<VertexProperty<Object>> properties = vertex.properties()
    while (properties.hasNext()) {
      VertexProperty<Object> property = properties.next()
      text.append('p')
      addName(property.key())
      add(property.id())
      add(property.value())
      if (metas) addProperties(property.properties())
      text.append('.')
    }
    text.append('.')
  }

  private void addEdge(Edge edge) {
    text.append('e')
    addName(edge.label())
    add(edge.id())
    add((outgoing ? edge.inVertex() : edge.outVertex()).id())
    addProperties(edge.properties())
    text.append('.')
  }

  private void addProperties(Iterator<? extends Property<Object>> properties) {
    while (properties.hasNext()) {
      Property<Object> property = properties.next()
      text.append('m')
      addName(property.key())
      add(property.value())
    }
  }

  private void addName(String name) {
    String known = names.get(name)
    if (known == null) {
      if (!isPlain(name)) {
        add(name)
        return
      }
      known = 's' + name + '`'
      if (names.size() < 10000) names.put(name, known)
    }
    text.append(known)
  }

  private void add(Object value) {
    if (value instanceof String) {
      if (isPlain(value)) {
        text.append('s').append(value.toString()).append('`')
        return
      }
    } else if (value instanceof Integer) {
      text.append('i').append(value.intValue()).append('`')
      return
    } else if (value instanceof Long) {
      text.append('l').append(value.longValue()).append('`')
      return
    } else if (value instanceof Double) {
      double number = value.doubleValue()
      if (Double.isFinite(number)) {
        text.append('d').append(number).append('`')
        return
      }
    } else if (value instanceof Boolean) {
      text.append(value.booleanValue() ? 't' : 'f')
      return
    } else if (value instanceof UUID) {
      text.append('u').append(value.toString()).append('`')
      return
    }
    text.append('o')
    others.add(value)
  }

  private static boolean isPlain(String value) {
    int length = value.length()
    for (int i = 0; i < length; i++) {
      int c = (int) value.charAt(i)
      if (c < 32 || c == 34 || c == 92 || c == 96 || c > 0xd7ff) return false
    }
    true
  }
}
new HoldfastPages(g.withoutStrategies(ReferenceElementStrategy).V(), hfParts, hfPart, hfSize)
)groovy";

const std::string_view kSchema = R"groovy(
f = g.getGraph()
if (f.respondsTo("openManagement")) {
  m = f.openManagement()
  try { m.printSchema() } finally { m.rollback() }
} else if (f.respondsTo("getIndexedKeys", Class)) {
  [Vertex, Edge].collect { kind -> f.getIndexedKeys(kind).sort().collect { "index on " + kind.simpleName + " " + it } }.flatten().join("\n")
} else ""
)groovy";

const std::string_view kTakesIds = R"groovy(
f = g.getGraph().features().vertex()
f.supportsUserSuppliedIds() && f.willAllowId(hfId) ? 1 : 0
)groovy";

const std::string_view kMakeVertices = R"groovy(
import groovy.transform.CompileStatic
import org.apache.tinkerpop.gremlin.structure.*

@CompileStatic
class HoldfastVertices {
  static List<Object> make(Graph graph, List<Object> rows, boolean keep) {
    List<Object> made = new ArrayList<Object>()
    Graph.Features.VertexFeatures can = graph.features().vertex()
    Iterator<Object> at = rows.iterator()
    while (at.hasNext()) {
      Object id = at.next()
      String label = (String) at.next()
      Vertex vertex = keep ? graph.addVertex(T.id, id, T.label, label) : graph.addVertex(T.label, label)
      if (!keep) made.add(vertex.id())
      while ((boolean) at.next()) addProperty(vertex, can, at, keep)
    }
    made
  }

  private static void addProperty(Vertex vertex, Graph.Features.VertexFeatures can, Iterator<Object> at, boolean keep) {
    String key = (String) at.next()
    Object id = at.next(), value = at.next()
    boolean many = (boolean) at.next()
    List<Object> meta = new ArrayList<Object>()
    if (keep && can.properties().supportsUserSuppliedIds() && can.properties().willAllowId(id)) {
      meta.add(T.id)
      meta.add(id)
    }
    while ((boolean) at.next()) {
      meta.add(at.next())
      meta.add(at.next())
    }
    vertex.property(many ? VertexProperty.Cardinality.list : VertexProperty.Cardinality.single, key, value, meta.toArray())
  }
}
HoldfastVertices.make(g.getGraph(), hfRows, hfKeep)
)groovy";

const std::string_view kMakeEdges = R"groovy(
import groovy.transform.CompileStatic
import org.apache.tinkerpop.gremlin.structure.*

@CompileStatic
class HoldfastEdges {
  static int make(Graph graph, List<Object> rows, boolean keep) {
    Map<Object, Vertex> known = new HashMap<Object, Vertex>()
    Graph.Features.EdgeFeatures can = graph.features().edge()
    Iterator<Object> at = rows.iterator()
    int count = 0
    while (at.hasNext()) {
      Vertex from = find(graph, known, at.next())
      String label = (String) at.next()
      Vertex to = find(graph, known, at.next())
      Object id = at.next()
      List<Object> properties = new ArrayList<Object>()
      if (keep && can.supportsUserSuppliedIds() && can.willAllowId(id)) {
        properties.add(T.id)
        properties.add(id)
      }
      while ((boolean) at.next()) {
        properties.add(at.next())
        properties.add(at.next())
      }
      from.addEdge(label, to, properties.toArray())
      ++count
    }
    count
  }

  private static Vertex find(Graph graph, Map<Object, Vertex> known, Object id) {
    Vertex found = known.get(id)
    if (found == null) {
      found = graph.vertices(id).next()
      known.put(id, found)
    }
    found
  }
}
HoldfastEdges.make(g.getGraph(), hfRows, hfKeep)
)groovy";

}  // namespace holdfast::datastore::sg
