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
    List<Object> page = new ArrayList<Object>(size + 64)
    while (vertex != null && page.size() < size) {
      if (edges == null) {
        page.add(true)
        addVertex(page)
        outgoing = true
        edges = vertex.edges(Direction.OUT)
      } else {
        page.add(false)
        page.add(outgoing)
      }
      while (edges != null && page.size() < size) {
        if (edges.hasNext()) addEdge(page, edges.next())
        else endEdges(page)
      }
    }
    page
  }

  private void advance() {
    vertex = null
    while (vertex == null && vertices.hasNext()) {
      Vertex one = vertices.next()
      if (parts == 1 || Math.floorMod(one.id().toString().hashCode(), parts) == part) vertex = one
    }
  }

  private void endEdges(List<Object> page) {
    page.add(false)
    if (outgoing) {
      outgoing = false
      edges = vertex.edges(Direction.IN)
    } else {
      edges = null
      advance()
    }
  }

  private void addVertex(List<Object> page) {
    page.add(vertex.id())
    page.add(vertex.label())
    Iterator<VertexProperty<Object>> properties = vertex.properties()
    while (properties.hasNext()) {
      VertexProperty<Object> property = properties.next()
      page.add(true)
      page.add(property.key())
      page.add(property.id())
      page.add(property.value())
      if (metas) addProperties(page, property.properties())
      page.add(false)
    }
    page.add(false)
  }

  private void addEdge(List<Object> page, Edge edge) {
    page.add(true)
    page.add(edge.label())
    page.add(edge.id())
    page.add((outgoing ? edge.inVertex() : edge.outVertex()).id())
    addProperties(page, edge.properties())
    page.add(false)
  }

  private static void addProperties(List<Object> page, Iterator<? extends Property<Object>> properties) {
    while (properties.hasNext()) {
      Property<Object> property = properties.next()
      page.add(true)
      page.add(property.key())
      page.add(property.value())
    }
  }
}
new HoldfastPages(g.withoutStrategies(ReferenceElementStrategy).V(), hfParts, hfPart, hfSize)
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
