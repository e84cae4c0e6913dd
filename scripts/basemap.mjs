// Cuts GeoJSON layers into vector tiles; called by basemap.py, which packs them.
// In:  argv[2] = JSON file {layer: {features, options}}, argv[3] = file to write, argv[4] = highest zoom.
// Out: for each tile: z, x, y, length (unsigned 32-bit, little endian), then the gzipped tile.
import { createWriteStream, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import geojsonvt from "geojson-vt";
import vtpbf from "vt-pbf";

const [, , input, output, highest] = process.argv;
const layers = Object.entries(JSON.parse(readFileSync(input))).map(([name, { features, minzoom = 0, tolerance = 3 }]) => ({
  name,
  minzoom,
  index: geojsonvt({ type: "FeatureCollection", features }, { maxZoom: +highest, indexMaxZoom: 5, tolerance, buffer: 64, extent: 4096 }),
}));
const out = createWriteStream(output);
for (let z = 0; z <= +highest; z++)
  for (let x = 0; x < 2 ** z; x++)
    for (let y = 0; y < 2 ** z; y++) {
      const tile = {};
      for (const { name, minzoom, index } of layers) {
        const part = z >= minzoom && index.getTile(z, x, y);
        if (!part) continue;
        const features = part.features.filter((feature) => (feature.tags?.from ?? 0) <= z);
        if (features.length) tile[name] = { ...part, features: features.map(withoutFrom) };
      }
      if (!Object.keys(tile).length) continue;
      const body = gzipSync(vtpbf.fromGeojsonVt(tile, { version: 2 }), { level: 9 });
      const head = Buffer.alloc(16);
      [z, x, y, body.length].forEach((value, position) => head.writeUInt32LE(value, position * 4));
      out.write(head);
      out.write(body);
    }
out.end();

// `from` says in which zoom a feature begins; it need not be stored in every tile.
function withoutFrom(feature) {
  const { from, ...tags } = feature.tags ?? {};
  return { ...feature, tags };
}
