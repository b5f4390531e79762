"use strict";
readData("report-data", (report) => {
  // A point without a filter is conjugate to the point before it.
  report.points.forEach((point, row) => {
    if (point.filter) return;
    const { filter, imaginary } = report.points[row - 1];
    Object.assign(point, { filter, imaginary: imaginary.map((value) => -value) });
  });
  const PAGE = 50;
  const MOST_PRINTED = 500;
  const find = (id) => document.getElementById(id);

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  // ---------------------------------------------------------------- numbers
  const minus = (text) => text.replace(/-/g, "−");
  const short = (value) => {
    if (value === 0) return "0";
    const text = value.toPrecision(5);
    return minus(text.includes("e") ? value.toExponential(3) : String(Number(text)));
  };
  const complex = (write) => ([re, im]) =>
    im === 0 ? write(re) : `${write(re)} ${im < 0 ? "−" : "+"} ${write(Math.abs(im))}i`;
  const shortComplex = complex(short);
  const longComplex = complex((value) => minus(String(value)));
  const pairs = (point) => point.filter.map((re, row) => [re, point.imaginary ? point.imaginary[row] : 0]);
  const rounded = (value) => (value === null ? "" : minus(value.toExponential(1)));
  const answer = (value) => (value === null ? "" : value ? "yes" : "no");

  // ---------------------------------------------------------------- table
  const columns = [
    { title: "#", name: "row", key: (p) => p.row, text: (p) => String(p.row), number: true },
    { title: "loss", name: "loss", key: (p) => p.loss[0], text: (p) => shortComplex(p.loss), number: true },
    { title: "kind", name: "kind", key: (p) => p.kind, text: (p) => p.kind },
    { title: "place", name: "place", key: (p) => p.place, text: (p) => p.place, minor: true },
    { title: "stratum", name: "stratum", key: (p) => p.stratum, text: (p) => p.stratum },
    { title: "pure", name: "pure", key: (p) => !p.pure, text: (p) => (p.pure ? "pure" : "spurious"), minor: true },
    { title: "residual", name: "residual", key: (p) => p.residual, text: (p) => rounded(p.residual), number: true, minor: true },
  ];
  if (report.points.some((p) => p.certified !== null)) {
    columns.push({ title: "certified", name: "certified", key: (p) => p.certified, text: (p) => answer(p.certified), minor: true });
  }
  columns.push({
    title: "filter w", name: "filter", key: (p) => p.filter[0], minor: true,
    text: (p) => pairs(p).slice(0, 8).map(shortComplex).join(", ") + (p.filter.length > 8 ? ", …" : ""),
  });

  for (const point of report.points) {
    point.words = columns.map((column) => column.text(point)).join(" ").toLowerCase().replace(/−/g, "-");
  }

  const state = { column: columns[0], descending: false, page: 0, open: new Set(), chosen: null, visible: report.points };
  const head = find("table").tHead.rows[0];
  const body = find("table").tBodies[0];
  for (const column of columns) {
    const button = make("button", { type: "button", textContent: column.title });
    button.addEventListener("click", () => {
      state.descending = state.column === column ? !state.descending : false;
      state.column = column;
      state.page = 0;
      arrange();
    });
    const cell = make("th", { scope: "col" }, button);
    cell.dataset.column = column.name;
    cell.dataset.title = column.title;
    cell.className = [column.number ? "number" : "", column.minor ? "minor" : ""].join(" ").trim();
    column.cell = cell;
    head.append(cell);
  }

  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a < b ? -1 : a > b ? 1 : 0);
  function arrange() {
    const words = find("search").value.toLowerCase().replace(/−/g, "-").split(/\s+/).filter(Boolean);
    const reality = find("choose-reality").value;
    const kind = find("choose-kind").value;
    const stratum = find("choose-stratum").value;
    state.visible = report.points.filter((p) =>
      words.every((word) => p.words.includes(word))
      && (!reality || (reality === "attained" ? p.attained === true : p.real === (reality === "real")))
      && (!kind || p.kinds.includes(kind))
      && (!stratum || p.stratum === stratum));
    const { key } = state.column;
    const sign = state.descending ? -1 : 1;
    state.visible.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      // What is not known stays last whichever way the column is sorted.
      if (x === null || y === null) return (x === null) - (y === null) || a.row - b.row;
      return sign * compare(x, y) || a.row - b.row;
    });
    for (const column of columns) {
      if (column === state.column) column.cell.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else column.cell.removeAttribute("aria-sort");
    }
    show();
  }

  function show(printing = false) {
    const { visible } = state;
    const pages = Math.max(1, Math.ceil(visible.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const first = printing ? 0 : state.page * PAGE;
    const last = Math.min(visible.length, printing ? MOST_PRINTED : first + PAGE);
    const rows = document.createDocumentFragment();
    for (const point of visible.slice(first, last)) {
      rows.append(line(point));
      if (state.open.has(point.row)) rows.append(detail(point));
    }
    if (!visible.length) rows.append(make("tr", {}, make("td", { colSpan: columns.length, textContent: "No point fits." })));
    body.replaceChildren(rows);
    const total = report.points.length;
    const which = visible.length === total ? `${total} critical filters` : `${visible.length} of ${total} critical filters`;
    find("shown").textContent = last - first < visible.length ? `${which}, rows ${first + 1} to ${last}` : which;
    find("page").textContent = `page ${state.page + 1} of ${pages}`;
    find("pages").hidden = pages === 1;
    find("previous").disabled = state.page === 0;
    find("next").disabled = state.page === pages - 1;
  }

  function line(point) {
    const row = make("tr", { className: "point" });
    row.dataset.row = point.row;
    row.classList.toggle("faint", !point.attained);
    row.classList.toggle("chosen", state.chosen === point.row);
    for (const column of columns) {
      const cell = make("td");
      cell.className = column.cell.className;
      cell.dataset.column = column.name;
      if (column.name === "row") {
        const open = state.open.has(point.row);
        cell.classList.add("row");
        const label = `${point.row}${point.best ? " ★" : ""}`;
        cell.append(make("button", {
          type: "button", textContent: label, "aria-expanded": String(open),
          "aria-label": `Point ${point.row}${point.best ? ", global minimum" : ""}: details`,
        }));
      } else {
        cell.textContent = column.text(point);
      }
      row.append(cell);
    }
    row.addEventListener("click", (event) => {
      if (window.getSelection().toString() && !event.target.closest("button")) return;
      choose(point.row, !(state.open.has(point.row) && state.chosen === point.row));
      body.querySelector(`tr[data-row="${point.row}"] button`).focus({ preventScroll: true });
    });
    return row;
  }

  // A filter of an image as a small matrix, its cells coloured by sign and size.
  function matrix(values, { shape: [rows, width], places }, name) {
    const grid = Array(rows * width).fill(null);
    places.forEach((place, n) => { grid[place] = values[n]; });
    const largest = Math.max(...values.map((value) => Math.abs(value))) || 1;
    const table = make("table", { className: "matrix", "aria-label": name });
    for (let i = 0; i < rows; i += 1) {
      const line = make("tr");
      for (const value of grid.slice(i * width, (i + 1) * width)) {
        const cell = make("td", { textContent: value === null ? "" : minus(String(Number(value.toPrecision(3)))) });
        if (value !== null) {
          cell.style.setProperty("--share", `${Math.round((70 * Math.abs(value)) / largest)}%`);
          cell.className = value < 0 ? "negative" : "positive";
        }
        line.append(cell);
      }
      table.append(line);
    }
    return table;
  }

  function detail(point) {
    const list = make("dl");
    const picture = (name, tables) => {
      const place = make("dd", { className: "matrices" });
      place.append(...tables);
      list.append(make("dt", { textContent: name }), place);
    };
    const add = (name, text) => list.append(make("dt", { textContent: name }), make("dd", {}, make("code", { textContent: text })));
    add("filter w", pairs(point).map(longComplex).join(",  "));
    if (report.shapes && point.real) picture("as a matrix", [matrix(point.filter, report.shapes.filter, "filter w")]);
    add("loss", longComplex(point.loss));
    add("stratum", `${point.stratum}, ${point.pure ? "pure" : "spurious"}${point.also.length ? `, also critical on ${point.also.join(", ")}` : ""}`);
    if (point.real) add("place", point.place);
    if (point.residual !== null) add("residual", rounded(point.residual));
    if (point.condition !== null) add("condition number", rounded(point.condition));
    if (point.multiplicity > 1 || !point.isolated) add("multiplicity", `${point.multiplicity}${point.isolated ? "" : ", on a continuum"}`);
    if (point.certified !== null) add("certified", answer(point.certified));
    for (const { kind, layers } of point.parameters) {
      add(`critical θ: ${kind}`, layers.map((layer, n) => `w_${n + 1} = (${layer.map((x) => minus(String(x))).join(", ")})`).join("  "));
      if (report.shapes) picture("layers", layers.map((layer, n) => matrix(layer, report.shapes.layers[n], `w_${n + 1}`)));
    }
    return make("tr", { className: "detail" }, make("td", { colSpan: columns.length }, list));
  }

  function choose(row, open) {
    state.chosen = open ? row : null;
    if (open) state.open.add(row);
    else state.open.delete(row);
    show();
    mark();
  }

  function reveal(row) {
    if (!state.visible.some((point) => point.row === row)) {
      find("search").form.reset();
      arrange();
    }
    state.page = Math.floor(state.visible.findIndex((point) => point.row === row) / PAGE);
    choose(row, true);
    body.querySelector(`tr[data-row="${row}"]`).scrollIntoView({ block: "center" });
  }

  function revealContinuum(part) {
    const row = find(`continuum-${part}`);
    const details = row.nextElementSibling.querySelector("details");
    details.open = true;
    details.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView({ block: "center" });
  }

  const form = find("search").form;
  const options = (id, values) => find(id).append(...values.map((value) => make("option", { value, textContent: value })));
  options("choose-kind", report.kinds);
  options("choose-stratum", report.strata);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { state.page = 0; arrange(); });
  form.addEventListener("reset", () => setTimeout(arrange));
  find("previous").addEventListener("click", () => { state.page -= 1; show(); });
  find("next").addEventListener("click", () => { state.page += 1; show(); });
  arrange();

  // ---------------------------------------------------------------- pictures
  const pictures = [];

  // The point that is chosen in the table has a ring in every picture.
  const mark = () => pictures.forEach((picture) => picture.drawing.choose(state.chosen));

  function picked({ row, part }) {
    if (row !== null) reveal(row);
    else if (part !== null) revealContinuum(part);
  }

  function start(figure) {
    const picture = report.pictures.find((one) => one.name === figure.dataset.picture);
    picture.drawing = Drawing.figure(figure, picture, picked);
    pictures.push(picture);
  }

  for (const figure of document.querySelectorAll("figure[data-picture]")) {
    try {
      start(figure);
    } catch (error) {
      figure.querySelector(".plot").textContent = `This browser cannot draw the picture: ${error.message || error}`;
    }
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => pictures.forEach((picture) => picture.drawing.recolour()));
  let folded = [];
  window.addEventListener("beforeprint", () => {
    show(true);
    pictures.forEach((picture) => picture.drawing.paper(true));
    folded = [...document.querySelectorAll("#continua details:not([open])")];
    for (const details of folded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    show();
    pictures.forEach((picture) => picture.drawing.paper(false));
    for (const details of folded) details.open = false;
  });
  document.documentElement.dataset.ready = "yes";
});
