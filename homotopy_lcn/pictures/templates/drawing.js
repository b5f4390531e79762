"use strict";
// Pictures of points: in the plane as SVG, in space on a canvas. Both have a legend whose entries hide and show,
// labels under the mouse, and points that can be picked. The program needs no library and loads nothing.
const Drawing = (() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const NEAR = 22; // pixels from the mouse to the point that is meant
  const TOGETHER = 3; // pixels between points that are told as one
  const TOLD = 4; // points in one label
  const PAPER_SIZE = [680, 360]; // of a picture as wide as a page, in pixels of 1/96 inch
  const STILL_SIZE = [680, 460];
  const RINGS = 2; // more points at one place are told by the label alone

  function html(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // ---------------------------------------------------------------- symbols
  const polygon = (r, ...points) => `M${points.map(([x, y]) => `${(x * r).toFixed(2)} ${(y * r).toFixed(2)}`).join("L")}Z`;
  const turned = (points) => points.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]);
  const PLUS = [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]];
  const SYMBOLS = {
    circle: (r) => `M${r} 0A${r} ${r} 0 1 1 ${-r} 0A${r} ${r} 0 1 1 ${r} 0Z`,
    square: (r) => polygon(r, [-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]),
    diamond: (r) => polygon(r, [0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]),
    "diamond-wide": (r) => polygon(r, [0, -0.7], [1.3, 0], [0, 0.7], [-1.3, 0]),
    "triangle-up": (r) => polygon(r, [0, -1.1], [1, 0.8], [-1, 0.8]),
    cross: (r) => polygon(r, ...PLUS),
    x: (r) => polygon(r, ...turned(PLUS)),
    "line-ew": (r) => `M${-r} 0H${r}`,
    "cross-thin": (r) => `M${-r} 0H${r}M0 ${-r}V${r}`,
  };
  const STROKES = new Set(["line-ew", "cross-thin"]);

  // How a marker is drawn: its path, what fills it and what surrounds it.
  function shape({ symbol, size, color, line }, again = 0) {
    const base = symbol.replace(/-open|-dot/g, "");
    const r = size / 2 + 3.5 * again; // points at one place are rings around each other
    const open = symbol.includes("-open") || again > 0;
    const path = SYMBOLS[base](r) + (symbol.includes("-dot") && !again ? SYMBOLS.circle(1.6) : "");
    if (STROKES.has(base)) return { path, fill: "none", stroke: color, width: line ? line.width : 2 };
    return open ? { path, fill: "none", stroke: color, width: (line && line.width) || 2 } : { path, fill: color, stroke: "ground", width: 1 };
  }

  const COLOURS = ["ground", "ink", "soft", "line", "grid"];
  const css = (colour) => (COLOURS.includes(colour) ? `var(--${colour})` : colour);
  const marker = (style, again) => {
    const { path, fill, stroke, width } = shape(style, again);
    return svg("path", { d: path, style: `fill:${css(fill)};stroke:${css(stroke)};stroke-width:${width}` });
  };

  function key(trace) {
    const picture = svg("svg", { width: 30, height: 18, viewBox: "-15 -9 30 18", "aria-hidden": "true" });
    if (trace.marker) picture.append(marker({ ...trace.marker, size: Math.min(trace.marker.size, 22) }));
    else if (trace.line) {
      const { color, width, dash } = trace.line;
      picture.append(svg("path", { d: "M-15 0H15", style: `stroke:${css(color)};stroke-width:${width};stroke-dasharray:${DASHES[dash] || "none"}` }));
    } else picture.append(svg("rect", { x: -9, y: -7, width: 18, height: 14, style: `fill:${trace.color};stroke:var(--soft)` }));
    return picture;
  }
  const DASHES = { dash: "8 4", shortdash: "4 3", dashdot: "9 3 2 3", dot: "2 3", sparse: "2 6" };

  // ---------------------------------------------------------------- numbers on axes
  const minus = (text) => text.replace(/-/g, "−");
  const brief = (value) => minus(String(Number(value.toPrecision(6))));
  const raised = (n) => [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] || "⁻").join("");

  function steps(low, high, most) {
    const rough = (high - low) / Math.max(2, most);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
    const values = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) values.push(n * step);
    const largest = Math.max(Math.abs(low), Math.abs(high));
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const places = Math.max(0, Math.ceil(Math.log10(largest / step) - 1e-9));
    const write = largest >= 1e5 || digits > 5 ? (x) => (x === 0 ? "0" : x.toExponential(Math.min(places, 15))) : (x) => x.toFixed(digits);
    return values.map((value) => [value, minus(write(value === 0 ? 0 : value))]);
  }

  function decades(low, high, most) {
    if (high - low < 1.2) return steps(10 ** low, 10 ** high, most).filter(([x]) => x > 0).map(([x, text]) => [Math.log10(x), text]);
    const every = Math.max(1, Math.ceil((high - low) / most));
    const values = [];
    for (let n = Math.ceil(low / every) * every; n <= high; n += every) values.push([n, n === 0 ? "1" : n === 1 ? "10" : `10${raised(n)}`]);
    return values;
  }

  // Marks of an axis of square roots, at steps of the roots.
  function squares(low, high, most) {
    const square = (x) => x * Math.abs(x);
    return steps(low, high, most).map(([x]) => [x, minus(String(Number(square(x).toPrecision(3))))]);
  }

  function wrapped(content, room) {
    const lines = [""];
    for (const word of content.split(" ")) {
      const longer = `${lines[lines.length - 1]} ${word}`.trim();
      if (7 * longer.length > room && lines[lines.length - 1]) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines;
  }

  // ---------------------------------------------------------------- what both kinds share
  // A host with legend, stage and label; `draw` fills the stage and gives the marks on it.
  function framed(host, traces, choose, draw) {
    const stage = html("div", { className: "stage" });
    const label = html("div", { className: "hovertext", hidden: true });
    const hidden = new Set();
    const frame = { stage, hidden, marks: [], chosen: null, paper: false, redraw: () => { frame.marks = draw(frame); } };
    const names = [...new Map(traces.filter((trace) => trace.name).map((trace) => [trace.name, trace])).values()];
    const entries = names.map((trace) => {
      const button = html("button", { type: "button" }, key(trace), html("span", { textContent: trace.name }));
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        const shown = !hidden.delete(trace.name);
        if (shown) hidden.add(trace.name);
        button.setAttribute("aria-pressed", String(!shown));
        frame.redraw();
      });
      return button;
    });
    host.replaceChildren(html("div", { className: "legend" }, ...entries), stage, label);

    frame.near = ({ clientX, clientY }) => {
      const box = stage.getBoundingClientRect();
      const [x, y] = [clientX - box.left, clientY - box.top];
      const distance = (mark) => Math.hypot(mark.x - x, mark.y - y);
      const all = frame.marks.filter((mark) => distance(mark) <= NEAR).sort((a, b) => distance(a) - distance(b));
      const loud = all.filter((mark) => !mark.quiet && distance(mark) <= (all.length && all[0].quiet ? NEAR / 2 : NEAR));
      const found = loud.length ? loud : all.slice(0, 1);
      return found.filter((mark) => Math.hypot(mark.x - found[0].x, mark.y - found[0].y) <= TOGETHER);
    };
    frame.tell = (event) => {
      const found = frame.near(event);
      label.hidden = !found.length;
      stage.style.cursor = found.length ? "pointer" : "";
      if (!found.length) return;
      const texts = found.slice(0, TOLD).map((mark) => mark.text);
      if (found.length > TOLD) texts.push(`and ${found.length - TOLD} more points here`);
      label.textContent = texts.join("\n");
      const { x, y } = found[0];
      const right = x > stage.clientWidth / 2;
      Object.assign(label.style, {
        left: right ? "" : `${stage.offsetLeft + x + 14}px`, right: right ? `${host.clientWidth - stage.offsetLeft - x + 14}px` : "",
        top: `${stage.offsetTop + y}px`,
      });
    };
    frame.pick = (event) => {
      const [mark] = frame.near(event);
      if (mark) choose(mark);
    };
    stage.addEventListener("pointermove", frame.tell);
    stage.addEventListener("pointerleave", () => { label.hidden = true; });
    let width = 0;
    new ResizeObserver(() => {
      if (stage.clientWidth && stage.clientWidth !== width) frame.redraw();
      width = stage.clientWidth;
    }).observe(stage);
    return frame;
  }

  function marksOf(trace, at) {
    return trace.x.map((_, n) => ({
      ...at(n), trace, text: trace.text ? trace.text[n] : trace.name,
      row: trace.customdata ? trace.customdata[n] : null, part: trace.meta ? trace.meta[n] : null,
    }));
  }

  // How many marks of the same look were drawn at the same place before.
  function repeats(marks) {
    const seen = new Map();
    for (const mark of marks) {
      const place = `${mark.trace.name} ${Math.round(mark.x)} ${Math.round(mark.y)}`;
      mark.again = Math.min(RINGS, seen.get(place) || 0);
      seen.set(place, mark.again + 1);
    }
  }

  // ---------------------------------------------------------------- the plane
  function flat(host, choose) {
    let picture = { data: [], layout: {} };
    let zoom = null;
    let frame = null;

    function axis(options, traces, name, pixels) {
      const log = options.type === "log";
      const root = options.type === "root"; // square roots, with the sign of the number
      const read = (value) => (log ? (value > 0 ? Math.log10(value) : NaN) : root ? Math.sign(value) * Math.sqrt(Math.abs(value)) : value);
      if (options.type === "category") {
        const order = options.categoryarray;
        return { read: (value) => order.indexOf(value), range: [-0.5, order.length - 0.5], ticks: () => order.map((text, n) => [n, text]), category: true };
      }
      let range = options.range;
      if (!range) {
        const values = traces.flatMap((trace) => trace[name]).filter((x) => x !== null).map(read).filter(Number.isFinite);
        const [low, high] = values.length ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : [0, 1];
        const spread = Math.max(high - low, 1e-12 * Math.max(Math.abs(low), Math.abs(high)));
        const margin = spread > 0 ? 0.07 * spread : 1;
        range = [low - margin, high + margin];
        if (high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high))) {
          const wide = log ? 0.5 : 0.1 * Math.abs(low) || 1;
          range = [low - wide, high + wide];
        }
      }
      return { read, range: [...range], ticks: (low, high) => (log ? decades : root ? squares : steps)(low, high, pixels / (name === "x" ? 85 : 45)) };
    }

    function draw() {
      const { stage, hidden, chosen } = frame;
      const [width, height] = frame.paper ? PAPER_SIZE : [stage.clientWidth || 600, stage.clientHeight || 400];
      const { layout } = picture;
      const traces = picture.data.filter((trace) => !hidden.has(trace.name));
      const points = traces.filter((trace) => trace.marker);
      const [across, up] = [axis(layout.xaxis, points, "x", width), axis(layout.yaxis, points, "y", height)];
      if (zoom) [across.range, up.range] = zoom.map((range) => [...range]);
      const yTexts = up.ticks(...up.range).map(([, text]) => text.length);
      const left = 34 + 7 * Math.max(1, ...yTexts);
      const columns = across.ticks(...across.range);
      const room = (width - 14 - left) / Math.max(1, columns.length);
      const names = columns.map(([, content]) => (across.category ? wrapped(content, room) : [content]));
      const box = { left, top: 8, right: width - 14, bottom: height - 46 - 14 * (Math.max(1, ...names.map((lines) => lines.length)) - 1) };
      if (layout.equal) {
        // The box has the proportions of the part of the plane that was computed.
        const [wide, high] = [layout.xaxis.range, layout.yaxis.range].map(([low, end]) => end - low);
        const pixel = Math.min((box.right - box.left) / wide, (box.bottom - box.top) / high);
        box.left += (box.right - box.left - pixel * wide) / 2;
        Object.assign(box, { right: box.left + pixel * wide, top: box.bottom - pixel * high });
        const unit = Math.max((across.range[1] - across.range[0]) / (box.right - box.left), (up.range[1] - up.range[0]) / (box.bottom - box.top));
        for (const [one, pixels] of [[across, box.right - box.left], [up, box.bottom - box.top]]) {
          const middle = (one.range[0] + one.range[1]) / 2;
          one.range = [middle - unit * pixels / 2, middle + unit * pixels / 2];
        }
      }
      const toX = (value) => box.left + (across.read(value) - across.range[0]) / (across.range[1] - across.range[0]) * (box.right - box.left);
      const toY = (value) => box.bottom - (up.read(value) - up.range[0]) / (up.range[1] - up.range[0]) * (box.bottom - box.top);
      frame.unscale = (x, y) => [
        across.range[0] + (x - box.left) / (box.right - box.left) * (across.range[1] - across.range[0]),
        up.range[0] + (box.bottom - y) / (box.bottom - box.top) * (up.range[1] - up.range[0]),
      ];
      frame.zoomable = !across.category;
      const clip = `clip-${host.dataset.name}`;
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "main-svg", "aria-hidden": "true" });
      root.append(svg("clipPath", { id: clip }, svg("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top })));
      const grid = svg("g", { class: "gridlines" });
      const words = svg("g", { class: "words" });
      const text = (content, attributes) => words.append(Object.assign(svg("text", attributes), { textContent: content }));
      const place = (scale, range, from, to) => (value) => from + (value - range[0]) / (range[1] - range[0]) * (to - from);
      const [placeX, placeY] = [place(across, across.range, box.left, box.right), place(up, up.range, box.bottom, box.top)];
      const marked = across.category ? columns : across.ticks(...across.range);
      marked.forEach(([value, content], n) => {
        const x = placeX(value);
        grid.append(svg("path", { d: `M${x} ${box.top}V${box.bottom}`, class: value === 0 && !across.category ? "zero" : "" }));
        const lines = across.category ? names[n] : [content];
        lines.forEach((part, row) => text(part, { x, y: box.bottom + 17 + 14 * row, "text-anchor": "middle" }));
      });
      for (const [value, content] of up.ticks(...up.range)) {
        const y = placeY(value);
        grid.append(svg("path", { d: `M${box.left} ${y}H${box.right}`, class: value === 0 ? "zero" : "" }));
        text(content, { x: box.left - 7, y: y + 4, "text-anchor": "end" });
      }
      text(layout.xaxis.title, { x: (box.left + box.right) / 2, y: height - 8, "text-anchor": "middle", class: "title" });
      text(layout.yaxis.title, { x: -(box.top + box.bottom) / 2, y: box.left - left + 14, transform: "rotate(-90)", "text-anchor": "middle", class: "title" });
      const inner = svg("g", { "clip-path": `url(#${clip})` });
      for (const trace of traces) {
        if (trace.type === "region") {
          const { corner, step } = trace;
          const [cellX, cellY] = [(n) => toX(corner[0] + step * n).toFixed(2), (n) => toY(corner[1] + step * n).toFixed(2)];
          const parts = trace.runs.map(([x, y, length]) => `M${cellX(x)} ${cellY(y)}H${cellX(x + length)}V${cellY(y + 1)}H${cellX(x)}Z`);
          inner.append(svg("path", { d: parts.join(""), style: `fill:${trace.color}`, "shape-rendering": "crispEdges" }));
        } else if (trace.line) {
          const parts = trace.curves.map((curve) => `M${curve.map(([x, y]) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`).join("L")}`);
          const { color, width: thick, dash } = trace.line;
          inner.append(svg("path", { d: parts.join(""), style: `fill:none;stroke:${css(color)};stroke-width:${thick};stroke-dasharray:${DASHES[dash] || "none"}` }));
        }
      }
      const marks = points.flatMap((trace) => marksOf(trace, (n) => ({ x: toX(trace.x[n]), y: toY(trace.y[n]) })))
        .filter((mark) => Number.isFinite(mark.x) && Number.isFinite(mark.y));
      // Curves with texts are told, too, where no marker is.
      const told = traces.filter((trace) => trace.line && trace.texts).flatMap((trace) => trace.curves.flatMap((curve, n) =>
        curve.map(([x, y]) => ({ x: toX(x), y: toY(y), trace, text: `${trace.texts[n]}\n${layout.xaxis.letter} = ${brief(x)}, ${layout.yaxis.title} ${brief(y)}`, row: null, part: null, quiet: true }))));
      if (across.category) spread(marks, Math.min(room * 0.85, 260));
      else repeats(marks);
      const layer = svg("g", { class: "markers" });
      for (const mark of marks) {
        const element = marker(mark.trace.marker, mark.again);
        element.setAttribute("transform", `translate(${mark.x.toFixed(2)} ${mark.y.toFixed(2)})`);
        element.setAttribute("class", "point");
        if (mark.row !== null) element.dataset.row = mark.row;
        if (mark.part !== null) element.dataset.part = mark.part;
        layer.append(element);
      }
      for (const mark of marks) {
        if (chosen === null || mark.row !== chosen) continue;
        const r = mark.trace.marker.size / 2 + 7;
        layer.append(svg("path", { d: SYMBOLS.circle(r), class: "ring", transform: `translate(${mark.x} ${mark.y})` }));
      }
      inner.append(layer);
      root.append(grid, words, inner);
      frame.stage.replaceChildren(root);
      return [...marks, ...told];
    }

    // Marks of one column that would hide each other stand side by side, as far as there is room.
    function spread(marks, room) {
      const columns = new Map();
      for (const mark of marks) columns.set(mark.x, [...(columns.get(mark.x) || []), mark]);
      for (const [middle, column] of columns) {
        column.sort((a, b) => a.y - b.y);
        for (let first = 0; first < column.length;) {
          let last = first;
          while (last + 1 < column.length && column[last + 1].y - column[last].y < 7) last += 1;
          const together = column.slice(first, last + 1);
          const gap = Math.min(30, room / together.length);
          together.forEach((mark, n) => { mark.x = middle + (n - (together.length - 1) / 2) * gap; });
          first = last + 1;
        }
      }
    }

    function start() {
      frame = framed(host, picture.data, choose, draw);
      let from = null;
      let rectangle = null;
      const { stage } = frame;
      const at = (event) => {
        const box = stage.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
      };
      stage.addEventListener("pointerdown", (event) => {
        if (event.button === 0) from = at(event);
      });
      stage.addEventListener("pointermove", (event) => {
        if (!from || !frame.zoomable || event.pointerType !== "mouse") return;
        const [x, y] = at(event);
        if (Math.hypot(x - from[0], y - from[1]) < 6) return;
        if (!rectangle) {
          stage.setPointerCapture(event.pointerId);
          rectangle = svg("rect", { class: "zoom" });
          stage.querySelector("svg").append(rectangle);
        }
        const sides = { x: Math.min(x, from[0]), y: Math.min(y, from[1]), width: Math.abs(x - from[0]), height: Math.abs(y - from[1]) };
        for (const [name, value] of Object.entries(sides)) rectangle.setAttribute(name, value);
      });
      stage.addEventListener("pointerup", (event) => {
        if (!from) return;
        const [start_, end] = [from, at(event)];
        from = null;
        if (rectangle) {
          rectangle.remove();
          rectangle = null;
          if (Math.abs(end[0] - start_[0]) < 8 || Math.abs(end[1] - start_[1]) < 8) return;
          const corners = [frame.unscale(...start_), frame.unscale(...end)];
          zoom = [0, 1].map((n) => [Math.min(corners[0][n], corners[1][n]), Math.max(corners[0][n], corners[1][n])]);
          frame.redraw();
        } else frame.pick(event);
      });
      stage.addEventListener("dblclick", () => {
        if (zoom) { zoom = null; frame.redraw(); }
      });
    }

    return {
      show(next) {
        picture = next;
        zoom = null;
        if (!frame) start();
        frame.redraw();
      },
      choose(row) { frame.chosen = row; frame.redraw(); },
      paper(wanted) { frame.paper = wanted; frame.redraw(); },
      recolour() {},
    };
  }

  // ---------------------------------------------------------------- space
  const LIGHT = [0.552, -0.351, 0.753];
  const DISTANCE = 6; // of the eye from the middle of the cube from −1 to 1
  const ROOM = 58; // pixels around the cube, for the numbers

  function spatial(host, choose, still) {
    let frame = null;
    let scene = null;
    let view = null;
    let mesh = [];

    const scaled = (values, [low, high]) => values.map((value) => 2 * (value - low) / (high - low) - 1);

    // Triangles in the coordinates of the cube, with a colour lit from both sides.
    function triangles(trace) {
      const ranges = scene.layout.axes.map((one) => one.range);
      const vertices = [trace.x, trace.y, trace.z].map((values, n) => scaled(values, ranges[n]));
      const at = (n) => vertices.map((values) => values[n]);
      const base = [1, 3, 5].map((n) => parseInt(trace.color.slice(n, n + 2), 16));
      return trace.i.map((_, n) => {
        const corners = [trace.i[n], trace.j[n], trace.k[n]].map(at);
        const [u, v] = [1, 2].map((c) => corners[c].map((value, m) => value - corners[0][m]));
        const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        const light = Math.abs(normal.reduce((sum, value, m) => sum + value * LIGHT[m], 0)) / (Math.hypot(...normal) || 1);
        const colour = base.map((value) => Math.min(255, Math.round(value * (0.66 + 0.42 * light))));
        return { corners, colour: `rgb(${colour.join(",")})`, name: trace.name };
      });
    }

    function camera() {
      const [ca, sa, ce, se] = [Math.cos(view.azimuth), Math.sin(view.azimuth), Math.cos(view.elevation), Math.sin(view.elevation)];
      const towards = [ce * ca, ce * sa, se];
      const [right, up] = [[-sa, ca, 0], [-se * ca, -se * sa, ce]];
      const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
      return (point) => {
        const depth = dot(point, towards);
        const factor = DISTANCE / (DISTANCE - depth);
        return [dot(point, right) * factor, -dot(point, up) * factor, depth];
      };
    }

    function paint(context, width, height, colour, chosen) {
      const project = camera();
      const corners = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => project([x, y, z]))));
      const [low, high] = [Math.min, Math.max].map((pick) => [0, 1].map((n) => pick(...corners.map((corner) => corner[n]))));
      const scale = Math.min((width - 2 * ROOM) / (high[0] - low[0]), (height - 2 * ROOM + 20) / (high[1] - low[1]));
      const [shiftX, shiftY] = [width / 2 - scale * (low[0] + high[0]) / 2, height / 2 - 4 - scale * (low[1] + high[1]) / 2];
      const at = (point) => {
        const [x, y, depth] = project(point);
        return [shiftX + scale * x, shiftY + scale * y, depth];
      };
      context.clearRect(0, 0, width, height);
      context.fillStyle = colour("ground");
      context.fillRect(0, 0, width, height);
      context.lineJoin = "round";
      const stroke = (points, style, thick, dash = []) => {
        context.beginPath();
        points.forEach(([x, y], n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
        Object.assign(context, { strokeStyle: style, lineWidth: thick });
        context.setLineDash(dash);
        context.stroke();
        context.setLineDash([]);
      };
      // Of each pair of faces the one farther from the eye carries the grid.
      const unit = (axis, side) => [0, 1, 2].map((n) => (n === axis ? side : 0));
      const far = [0, 1, 2].map((axis) => (at(unit(axis, 1))[2] < at(unit(axis, -1))[2] ? 1 : -1));
      const { axes } = scene.layout;
      const ticks = axes.map((one) => steps(...one.range, 5).map(([value, text]) => [scaled([value], one.range)[0], text]));
      for (const face of [0, 1, 2]) {
        const others = [0, 1, 2].filter((n) => n !== face);
        for (const along of others) {
          const across = others.find((n) => n !== along);
          for (const value of [-1, 1, ...ticks[along].map(([place]) => place)]) {
            const ends = [-1, 1].map((end) => at([0, 1, 2].map((n) => (n === face ? far[face] : n === along ? value : n === across ? end : 0))));
            stroke(ends, colour(Math.abs(value) === 1 ? "line" : "grid"), 1);
          }
        }
      }
      context.fillStyle = colour("ink");
      context.font = "12px system-ui, sans-serif";
      context.textBaseline = "middle";
      const middle = at([0, 0, 0]);
      for (const axis of [0, 1, 2]) {
        // The horizontal axes are labelled at the near edges of the floor, the vertical one at the leftmost edge.
        const edges = axis === 2 ? [[-1, -1], [-1, 1], [1, -1], [1, 1]].map(([x, y]) => [x, y, 0]) : [[0, 1, 2].map((n) => (n === axis ? 0 : n === 2 ? -1 : -far[n]))];
        const edge = edges.reduce((best, one) => (at(one)[0] < at(best)[0] ? one : best));
        const place = (value) => at(edge.map((side, n) => (n === axis ? value : side)));
        const [x0, y0] = place(0);
        const [dx, dy] = axis === 2 ? [-1, 0] : [x0 - middle[0], Math.abs(y0 - middle[1])].map((part, _, both) => part / (Math.hypot(...both) || 1));
        stroke([place(-1), place(1)], colour("soft"), 1);
        context.textAlign = axis === 2 || dx < -0.35 ? "right" : dx > 0.35 ? "left" : "center";
        for (const [value, text] of ticks[axis]) {
          const [x, y] = place(value);
          stroke([[x, y], [x + 5 * dx, y + 5 * dy]], colour("soft"), 1);
          context.fillText(text, x + 9 * dx, y + 11 * dy);
        }
        context.font = "bold 13px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillText(axes[axis].title, x0 + 44 * dx, y0 + 40 * dy);
        context.font = "12px system-ui, sans-serif";
      }
      const sheets = mesh.filter((part) => !frame.hidden.has(part.name));
      const order = sheets.map((part) => {
        const three = part.corners.map(at);
        return [three[0][2] + three[1][2] + three[2][2], three, part.colour];
      }).sort((a, b) => a[0] - b[0]);
      context.lineWidth = 0.7;
      for (const [, three, fill] of order) {
        context.beginPath();
        three.forEach(([x, y], n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
        context.closePath();
        Object.assign(context, { fillStyle: fill, strokeStyle: fill });
        context.fill();
        context.stroke();
      }
      const placed = (trace) => {
        const [x, y, z] = ["x", "y", "z"].map((name, n) => scaled(trace[name], axes[n].range));
        return (n) => at([x[n], y[n], z[n]]);
      };
      const traces = scene.data.filter((trace) => !frame.hidden.has(trace.name));
      for (const trace of traces.filter((one) => one.line && !one.marker)) {
        const place = placed(trace);
        stroke(trace.x.map((_, n) => place(n)), colour(trace.line.color), trace.line.width, (DASHES[trace.line.dash] || "").split(" ").filter(Boolean).map(Number));
      }
      const marks = traces.filter((trace) => trace.marker).flatMap((trace) => {
        const place = placed(trace);
        return marksOf(trace, (n) => { const [x, y] = place(n); return { x, y }; });
      });
      repeats(marks);
      for (const mark of marks) {
        const { path, fill, stroke: edge, width: thick } = shape(mark.trace.marker, mark.again);
        context.save();
        context.translate(mark.x, mark.y);
        const outline = new Path2D(path);
        // A rim in the colour of the ground sets markers off from the surface.
        Object.assign(context, { strokeStyle: colour("ground"), lineWidth: thick + 2 });
        context.stroke(outline);
        if (fill !== "none") { context.fillStyle = colour(fill); context.fill(outline); }
        if (fill === "none") { Object.assign(context, { strokeStyle: colour(edge), lineWidth: thick }); context.stroke(outline); }
        if (chosen !== null && mark.row === chosen) {
          Object.assign(context, { strokeStyle: colour("ink"), lineWidth: 2 });
          context.stroke(new Path2D(SYMBOLS.circle(mark.trace.marker.size / 2 + 7)));
        }
        context.restore();
      }
      return marks;
    }

    const PAPER = { ground: "#ffffff", ink: "#000000", soft: "#333333", line: "#bbbbbb", grid: "#dddddd" };

    function draw() {
      const { stage, chosen } = frame;
      let canvas = stage.querySelector("canvas");
      if (!canvas) {
        canvas = html("canvas");
        stage.replaceChildren(canvas);
      }
      const [width, height, dense] = [stage.clientWidth || 600, stage.clientHeight || 480, window.devicePixelRatio || 1];
      Object.assign(canvas, { width: width * dense, height: height * dense });
      const context = canvas.getContext("2d");
      context.scale(dense, dense);
      const style = getComputedStyle(document.documentElement);
      return paint(context, width, height, (name) => (COLOURS.includes(name) ? style.getPropertyValue(`--${name}`).trim() : name), chosen);
    }

    // Paper gets a still image in the colours of paper.
    function keep() {
      if (!still) return;
      const [width, height] = STILL_SIZE;
      const canvas = html("canvas", { width: 3 * width, height: 3 * height });
      const context = canvas.getContext("2d");
      context.scale(3, 3);
      paint(context, width, height, (name) => PAPER[name] || name, null);
      still.src = canvas.toDataURL("image/png");
    }

    function start() {
      frame = framed(host, scene.data, choose, draw);
      const { stage } = frame;
      stage.tabIndex = 0;
      stage.classList.add("turns");
      let from = null;
      let turned = false;
      const turn = (right, up) => {
        view.azimuth -= right;
        view.elevation = Math.max(-1.5, Math.min(1.5, view.elevation + up));
        frame.redraw();
      };
      stage.addEventListener("pointerdown", (event) => {
        from = [event.clientX, event.clientY];
        turned = false;
        stage.setPointerCapture(event.pointerId);
      });
      stage.addEventListener("pointermove", (event) => {
        if (!from) return;
        const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
        if (!turned && Math.hypot(dx, dy) < 4) return;
        turned = true;
        turn(dx / 130, dy / 130);
        from = [event.clientX, event.clientY];
      });
      const end = (event) => {
        if (from && !turned && event.type === "pointerup") frame.pick(event);
        if (turned) keep();
        from = null;
        turned = false;
      };
      stage.addEventListener("pointerup", end);
      stage.addEventListener("pointercancel", end);
      stage.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
        if (!by) return;
        event.preventDefault();
        turn(...by);
        keep();
      });
      stage.addEventListener("dblclick", () => { view = { ...scene.layout.view }; frame.redraw(); keep(); });
    }

    return {
      show(next) {
        scene = next;
        view = view || { ...scene.layout.view };
        mesh = scene.data.filter((trace) => trace.type === "mesh3d").flatMap(triangles);
        if (!frame) start();
        frame.redraw();
        keep();
      },
      choose(row) { frame.chosen = row; frame.redraw(); },
      paper() {},
      recolour() { frame.redraw(); },
    };
  }

  // The picture of a figure, with a button for each of its views.
  function figure(element, picture, choose) {
    const plot = element.querySelector(".plot");
    const drawing = picture.spatial ? spatial(plot, choose, element.querySelector(".still")) : flat(plot, choose);
    const names = [picture.first, ...picture.views.map(([name]) => name)];
    const buttons = names.map((name) => html("button", { type: "button", textContent: name }));
    const press = (index) => {
      buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(n === index)));
      const view = picture.views[index - 1];
      drawing.show(view
        ? { data: picture.data.map((trace, n) => ({ ...trace, ...view[1][n] })), layout: { ...picture.layout, ...view[2] } }
        : picture);
    };
    buttons.forEach((button, index) => button.addEventListener("click", () => press(index)));
    if (buttons.length > 1) element.querySelector(".views").append(...buttons.flatMap((button) => [button, " "]));
    press(0);
    return drawing;
  }

  return { flat, spatial, figure };
})();
