// The map in WebGL: our own basemap, areas and places. Throws where WebGL 2 is missing; the caller keeps the drawing.
const VENDOR = new URL("./vendor/", import.meta.url);
const BASEMAP = new URL("./basemap.pmtiles", import.meta.url).href;
const FONT = "system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif";
const LOAD_WITHIN_MS = 15_000;

export async function open(container, board, onPlace) {
  const probe = document.createElement("canvas").getContext("webgl2");
  if (!probe) throw new Error("no WebGL 2");
  probe.getExtension("WEBGL_lose_context")?.loseContext();
  const [library] = await Promise.all([import(new URL("maplibre-gl.mjs", VENDOR)), classic(new URL("pmtiles.js", VENDOR))]);
  library.setWorkerUrl(new URL("maplibre-gl-worker.mjs", VENDOR).href);
  library.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
  // Beside the drawing until the first frame stands, so that the box is never blank.
  const stage = document.createElement("div");
  stage.className = "stage";
  container.append(stage);
  const drawing = container.querySelector(".drawing");
  try {
    const map = new library.Map({
      container: stage, style: style(), bounds: bounds(board), fitBoundsOptions: { padding: 70, maxZoom: 8 },
      attributionControl: false, maxZoom: 11, dragRotate: false, pitchWithRotate: false, localIdeographFontFamily: FONT,
      fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200,
    });
    map.touchZoomRotate.disableRotation();
    map.addControl(new library.NavigationControl({ showCompass: false }), "bottom-right");
    map.addControl(new library.ScaleControl({ maxWidth: 90 }), "top-left");
    await loaded(map);
    const chart = new Chart(map, board, onPlace);
    drawing?.remove();
    stage.classList.add("ready");
    return chart;
  } catch (error) {
    stage.remove();
    throw error;
  }
}

function classic(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

function loaded(map) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the map took too long")), LOAD_WITHIN_MS);
    map.once("load", resolve);
    map.once("error", (event) => reject(event.error));
  });
}

class Chart {
  constructor(map, board, onPlace) {
    this.map = map;
    this.board = board;
    this.dress();
    const name = (event) => event.features[0].properties.id;
    map.on("click", "place", (event) => onPlace(name(event)));
    map.on("click", "cluster", async (event) => {
      const { cluster_id } = event.features[0].properties;
      const zoom = await map.getSource("places").getClusterExpansionZoom(cluster_id);
      map.easeTo({ center: event.features[0].geometry.coordinates, zoom });
    });
    for (const layer of ["place", "cluster"]) {
      map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
      map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
    }
  }

  show(board) {
    this.board = board;
    this.map.getSource("areas")?.setData(areas(board));
    this.map.getSource("places")?.setData(places(board));
  }

  goTo(id) {
    const place = this.board.places.find((each) => each.id === id);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (place) this.map.easeTo({ center: [place.lon, place.lat], zoom: Math.max(this.map.getZoom(), 6), animate: !still });
  }

  // New colours need a new style; our own layers go with the old one and are put on again.
  paint() {
    this.map.setStyle(style(), { diff: false });
    this.map.once("styledata", () => this.dress());
  }

  dress() {
    const { map } = this;
    const look = (name) => colour(`--${name}`);
    for (const level of [0, 1, 2, 3, 4]) symbol(map, `level-${level}`);
    symbol(map, "blind");
    map.addSource("areas", { type: "geojson", data: areas(this.board) });
    map.addSource("places", {
      type: "geojson", data: places(this.board), cluster: true, clusterRadius: 24, clusterMaxZoom: 9,
      clusterProperties: { worst: ["max", ["get", "rank"]] },
    });
    const by = (kind) => ["match", ["get", "level"], 4, look(`${kind}-4`), 3, look(`${kind}-3`), 2, look(`${kind}-2`), look(kind === "fill" ? "edge-1" : `${kind}-1`)];
    const beneath = "country";
    map.addLayer({ id: "area", type: "fill", source: "areas", layout: { "fill-sort-key": ["get", "level"] }, paint: { "fill-color": by("fill"), "fill-opacity": 0.27 } }, beneath);
    map.addLayer({ id: "area-edge", type: "line", source: "areas", layout: { "line-sort-key": ["get", "level"] }, paint: { "line-color": by("edge"), "line-width": ["+", 1, ["*", 0.3, ["get", "level"]]] } }, beneath);
    const mark = markOf("rank");
    const worst = markOf("worst");
    map.addLayer({ id: "cluster", type: "symbol", source: "places", filter: ["has", "point_count"],
      layout: { "icon-image": worst, "icon-size": 1.1, "icon-allow-overlap": true, "symbol-sort-key": ["get", "worst"],
        "text-field": ["concat", ["get", "point_count"], " places"], "text-size": 12.5, "text-font": ["sans"], "text-variable-anchor": ["left", "right", "bottom", "top"], "text-radial-offset": 1.3, "text-optional": true },
      paint: { "text-color": look("ink"), "text-halo-color": look("land"), "text-halo-width": 1.6 } });
    map.addLayer({ id: "place", type: "symbol", source: "places", filter: ["!", ["has", "point_count"]],
      layout: { "icon-image": mark, "icon-allow-overlap": true, "symbol-sort-key": ["get", "rank"],
        "text-field": ["get", "name"], "text-size": 12.5, "text-font": ["sans"], "text-optional": true,
        "text-variable-anchor": ["left", "right", "bottom", "top"], "text-radial-offset": 1.2, "text-justify": "auto" },
      paint: { "text-color": look("ink"), "text-halo-color": look("land"), "text-halo-width": 1.6 } });
  }
}

// From calm to worst; blind stands where the list puts it, below "be prepared".
const MARKS = ["level-0", "level-1", "level-2", "blind", "level-3", "level-4"];
const markOf = (key) => ["match", ["get", key], ...MARKS.slice(1).flatMap((mark, index) => [index + 1, mark]), MARKS[0]];

function areas(board) {
  return { type: "FeatureCollection", features: board.areas.filter((area) => area.geometry).map((area) => ({ type: "Feature", geometry: area.geometry, properties: { level: area.level } })) };
}

function places(board) {
  return { type: "FeatureCollection", features: board.places.map((place) => ({
    type: "Feature", geometry: { type: "Point", coordinates: [place.lon, place.lat] },
    properties: { id: place.id, name: place.name, rank: MARKS.indexOf(place.state === "blind" ? "blind" : `level-${place.level}`) },
  })) };
}

// The box round the places in danger, or round all where none is; cut where the longitudes leave the widest gap.
function bounds(board) {
  if (!board.places.length) return [[-170, -55], [170, 70]];
  const danger = board.places.filter((place) => place.level);
  const shown = danger.length ? danger : board.places;
  const lons = shown.map((place) => place.lon).sort((a, b) => a - b);
  const lats = shown.map((place) => place.lat);
  let widest = lons[0] + 360 - lons.at(-1), west = lons[0], east = lons.at(-1);
  for (let i = 1; i < lons.length; i++) {
    if (lons[i] - lons[i - 1] > widest) [widest, west, east] = [lons[i] - lons[i - 1], lons[i], lons[i - 1] + 360];
  }
  return [[west, Math.min(...lats)], [east, Math.max(...lats)]];
}

// The computed value of a variable of the style sheet, as a colour that the map understands.
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// The marks of the page, drawn again on a canvas: same shapes, same colours.
function symbol(map, id) {
  const size = 26, ratio = 2;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * ratio;
  const pen = canvas.getContext("2d");
  pen.scale((size * ratio) / 24, (size * ratio) / 24);
  pen.lineCap = pen.lineJoin = "round";
  for (const shape of document.getElementById(id).children) {
    const look = getComputedStyle(shape);
    const path = outline(shape);
    pen.globalAlpha = Number(look.opacity);
    pen.lineWidth = parseFloat(look.strokeWidth);
    if (look.fill !== "none") { pen.fillStyle = look.fill; pen.fill(path); }
    if (look.stroke !== "none") { pen.strokeStyle = look.stroke; pen.stroke(path); }
  }
  if (map.hasImage(id)) map.removeImage(id);
  map.addImage(id, pen.getImageData(0, 0, canvas.width, canvas.height), { pixelRatio: ratio });
}

function outline(shape) {
  const number = (name) => Number(shape.getAttribute(name));
  if (shape.nodeName === "path") return new Path2D(shape.getAttribute("d"));
  const path = new Path2D();
  if (shape.nodeName === "circle") path.arc(number("cx"), number("cy"), number("r"), 0, 2 * Math.PI);
  if (shape.nodeName === "rect") path.roundRect(number("x"), number("y"), number("width"), number("height"), number("rx"));
  return path;
}

function style() {
  const line = (id, kind, width, more = {}) => ({ id, type: "line", source: "base", "source-layer": "border", filter: ["==", ["get", "kind"], kind], paint: { "line-color": colour("--border"), "line-width": width, ...more } });
  const text = { "text-font": ["sans"], "text-field": ["get", "name"] };
  const halo = { "text-halo-color": colour("--land"), "text-halo-width": 1.4 };
  return {
    version: 8,
    sources: { base: { type: "vector", url: `pmtiles://${BASEMAP}` } },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": colour("--sea") } },
      { id: "land", type: "fill", source: "base", "source-layer": "land", paint: { "fill-color": colour("--land") } },
      line("state", "state", 0.6, { "line-opacity": 0.7 }),
      line("border", "border", ["interpolate", ["linear"], ["zoom"], 2, 0.6, 6, 1.4]),
      line("contested", "contested", ["interpolate", ["linear"], ["zoom"], 2, 0.6, 6, 1.4], { "line-dasharray": [3, 2] }),
      { id: "country", type: "symbol", source: "base", "source-layer": "country", maxzoom: 7, layout: { ...text, "text-transform": "uppercase", "text-size": ["interpolate", ["linear"], ["zoom"], 2, 10, 6, 14], "text-letter-spacing": 0.08, "text-max-width": 7, "symbol-sort-key": ["get", "rank"] }, paint: { "text-color": colour("--soft"), ...halo } },
      { id: "town", type: "symbol", source: "base", "source-layer": "town", minzoom: 3.5, layout: { ...text, "text-size": ["match", ["get", "rank"], 2, 12, 3, 11.5, 11], "symbol-sort-key": ["-", 0, ["get", "size"]], "text-padding": 6 }, paint: { "text-color": colour("--soft"), ...halo } },
    ],
  };
}
