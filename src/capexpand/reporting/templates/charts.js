"use strict";
// Draws every chart below an element: drawCharts(root, data, options of vega-embed that come on top).
async function drawCharts(root, data, options = {}) {
  const { q, d, e } = data.quarters;
  const middle = d.map((day, t) => new Date((Date.parse(day) + Date.parse(e[t])) / 2).toISOString().slice(0, 10));

  function rows(chart) {
    if (chart.rows.length) return chart.rows;
    const above = q.map(() => 0), below = q.map(() => 0);
    return chart.series.flatMap((one) => one.v.map((v, t) => {
      const row = { q: q[t], d: d[t], e: e[t], m: middle[t], s: one.s, k: one.k, v };
      if (one.k === "bar") {
        const sums = v < 0 ? below : above;
        row.a = sums[t];
        row.b = sums[t] += v;
      }
      return row;
    }));
  }

  function withWindow(spec) {
    const band = {
      data: { values: [{ d: data.window[0], e: data.window[1] }] },
      mark: { type: "rect", color: data.colours.window },
      encoding: { x: { field: "d", type: "temporal", scale: { type: "utc" } }, x2: { field: "e" } },
    };
    return { ...spec, layer: [band, ...spec.layer] };
  }

  function withQuarters(spec) {
    if (q.length > 12 || !spec.layer) return spec;
    const name = (layer) => {
      const x = layer.encoding.x;
      if (x.type !== "temporal" || !x.axis) return layer;
      const axis = { ...x.axis, format: "%YQ%q", tickCount: { interval: "month", step: 6 } };
      return { ...layer, encoding: { ...layer.encoding, x: { ...x, axis } } };
    };
    return { ...spec, layer: spec.layer.map(name) };
  }

  function numbers(chart) {
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    const cell = (row, kind, text) => {
      const made = document.createElement(kind);
      made.textContent = text;
      if (kind === "th") made.scope = row.parentNode.tagName === "THEAD" ? "col" : "row";
      row.append(made);
    };
    ["Quarter", ...chart.series.map((one) => one.s.replaceAll("\n", " "))].forEach((name) => cell(head, "th", name));
    const body = table.createTBody();
    q.forEach((name, t) => {
      const row = body.insertRow();
      cell(row, "th", name);
      chart.series.forEach((one) => cell(row, "td", one.v[t] === null ? "–" : one.v[t].toLocaleString("en", { maximumSignificantDigits: 5 })));
    });
    const box = document.createElement("div");
    box.className = "scroll";
    box.append(table);
    return box;
  }

  for (const place of root.querySelectorAll("[data-chart]")) {
    const chart = data.charts[place.dataset.chart];
    const named = withQuarters(chart.spec);
    const spec = { ...(chart.shaded ? withWindow(named) : named), data: { values: rows(chart) }, autosize: { type: "fit-x", contains: "padding" } };
    try {
      await vegaEmbed(place, spec, {
        mode: "vega-lite", renderer: "svg", config: data.config, tooltip: { theme: "light" },
        actions: { export: true, source: false, compiled: false, editor: false },
        downloadFileName: place.dataset.chart, ...options,
      });
      place.style.minHeight = "";
      const picture = place.querySelector("svg");
      if (picture) { // the picture has the words, for beside it stands a menu that can be used
        picture.setAttribute("role", "img");
        picture.setAttribute("aria-label", place.getAttribute("aria-label") || "");
        place.removeAttribute("role");
        place.removeAttribute("aria-label");
      }
      place.querySelector("summary")?.setAttribute("aria-label", "Save this picture");
    } catch (error) {
      place.textContent = "This chart could not be drawn: " + error.message;
      throw error;
    }
  }
  for (const details of root.querySelectorAll("details.numbers")) {
    details.addEventListener("toggle", () => {
      if (details.open && !details.querySelector("table")) {
        details.append(numbers(data.charts[details.parentNode.querySelector("[data-chart]").dataset.chart]));
      }
    });
  }
  document.documentElement.dataset.charts = "drawn";
}

// On paper everything is unfolded.
{
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not(.numbers, .drawing details):not([open])")];
    folded.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
}
