// The pages' own script: sliders, parts of pages fetched and swapped, live progress, the editor's lines.
(() => {
  "use strict";
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const look = () => ({ ast: true, tooltip: { theme: dark.matches ? "dark" : "light" } });

  async function draw(root) {
    const place = root.querySelector("script.chart-data");
    if (place) await drawCharts(root, JSON.parse(place.textContent), look());
  }

  // --- the form of a run: the options of the chosen kind, open where it cannot do without them ------------
  const runForm = document.getElementById("run-form"), options = runForm?.querySelector("[data-options]");
  if (options) {
    const needed = ["compare", "diff", "sweep", "why", "why-not"];
    const choose = () => {
      const kind = runForm.elements.kind.value;
      let some = false;
      for (const label of options.querySelectorAll("[data-for]")) {
        const fits = label.dataset.for.split(" ").includes(kind);
        label.hidden = !fits;
        label.querySelector("input, select").disabled = !fits;
        some ||= fits;
      }
      options.hidden = !some;
      options.open = needed.includes(kind);
    };
    runForm.addEventListener("change", (event) => { if (event.target.name === "kind") choose(); });
    choose();
  }

  // --- exploring -----------------------------------------------------------------------------------------
  const explore = document.querySelector("[data-explore]");
  if (explore) {
    const form = explore.querySelector("form.sliders"), plan = document.getElementById("plan"), quick = document.getElementById("quick");
    const sliders = [...form.querySelectorAll(".slider")];
    let running = null, moving = null, timer = 0;

    const changes = () => {
      const found = [];
      for (const one of sliders) {
        const level = one.querySelector(".level"), text = level.value.trim();
        const moved = text !== "" && text !== one.dataset.stated;
        one.classList.toggle("moved", moved);
        if (moved) found.push([level.name, text]);
      }
      for (const box of form.querySelectorAll("[data-off]")) if (!box.checked) found.push(["off", box.dataset.off]);
      return found;
    };
    const query = () => {
      const found = new URLSearchParams();
      for (const name of ["version", "variant"]) {
        const field = form.elements[name];
        if (field && field.value) found.append(name, field.value);
      }
      for (const [name, text] of changes()) found.append(name, text);
      return found.toString();
    };
    const keep = () => {
      const asked = query();
      history.replaceState(null, "", explore.dataset.explore + (asked ? "?" + asked : ""));
      for (const link of explore.querySelectorAll("[data-with-query]")) link.href = link.dataset.withQuery + "?" + asked;
      const json = JSON.stringify(changes());
      for (const field of explore.querySelectorAll("[data-changes]")) field.value = json;
      return asked;
    };
    const fetchPart = async (address, signal) => {
      const answer = await fetch(address, { headers: { "X-Part": "1" }, signal });
      if (answer.redirected) { location.reload(); throw new Error("signed out"); }
      return await answer.text();
    };
    const replan = async () => {
      if (running) running.abort();
      if (moving) moving.abort();
      const mine = running = new AbortController();
      const asked = keep();
      plan.setAttribute("aria-busy", "true");
      try {
        const text = await fetchPart(`${explore.dataset.explore}/plan?${asked}`, mine.signal);
        if (mine !== running) return;
        plan.innerHTML = text;
        plan.setAttribute("aria-busy", "false");
        const npv = plan.querySelector('[data-figure="npv"] strong');
        quick.textContent = npv ? `Net present value ${npv.textContent.trim()}` : "There is no plan under these assumptions; the reasons stand below.";
        await new Promise((next) => requestAnimationFrame(() => setTimeout(next))); // the numbers are seen before the pictures are drawn
        if (mine !== running) return;
        await draw(plan);
        document.documentElement.dataset.planned = asked;
        document.dispatchEvent(new CustomEvent("capexpand:planned", { detail: asked }));
      } catch (error) {
        if (mine !== running || error.name === "AbortError") return;
        plan.setAttribute("aria-busy", "false");
        plan.innerHTML = "";
        quick.textContent = "The server does not answer; move a slider to try again.";
      }
    };
    const bracket = async () => {
      if (moving) moving.abort();
      const mine = moving = new AbortController();
      try {
        const answer = await fetch(`${explore.dataset.explore}/bracket?${query()}`, { headers: { "X-Part": "1" }, signal: mine.signal });
        if (answer.ok && mine === moving) { quick.innerHTML = await answer.text(); document.documentElement.dataset.bracket = query(); }
      } catch (error) { /* the exact plan follows */ }
    };
    for (const one of sliders) {
      const range = one.querySelector("input[type=range]"), level = one.querySelector(".level"), unit = one.dataset.unit;
      const step = Number(range.dataset.step);
      const stated = Number.parseFloat(one.dataset.stated);
      const snapped = () => {
        let value = Math.round(Number(range.value) / step) * step;
        if (Math.abs(value - stated) < step / 2) value = stated;
        value = Math.min(Math.max(value, Number(range.min)), Number(range.max));
        return Number(value.toPrecision(10));
      };
      range.addEventListener("input", () => {
        level.value = `${snapped()} ${unit}`;
        one.classList.remove("wrong");
        clearTimeout(timer);
        if (explore.dataset.brackets) timer = setTimeout(bracket, 60);
      });
      range.addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
        if (!by) return;
        event.preventDefault();
        range.value = String(Math.min(Math.max(snapped() + by * step, Number(range.min)), Number(range.max)));
        range.dispatchEvent(new Event("input"));
        clearTimeout(range.later);
        range.later = setTimeout(replan, 350);
      });
      range.addEventListener("change", replan);
      level.addEventListener("change", () => {
        const value = Number.parseFloat(level.value.replaceAll(",", ""));
        const given = level.value.replace(/^[\s\d.,eE+\-−]+/, "").trim();
        one.classList.toggle("wrong", level.value.trim() !== "" && (given === "" || Number.isNaN(value)));
        if (given.replaceAll(" ", "") === unit.replaceAll(" ", "") && !Number.isNaN(value)) { range.max = String(Math.max(Number(range.max), value)); range.value = String(value); }
        replan();
      });
    }
    form.addEventListener("change", (event) => { if (event.target.dataset.off) replan(); });
    form.elements.variant?.addEventListener("change", () => { location.href = explore.dataset.explore + (query() ? "?" + query() : ""); });
    form.addEventListener("submit", (event) => { event.preventDefault(); replan(); });
    explore.querySelector("[data-copy]").addEventListener("click", async (event) => {
      try { await navigator.clipboard.writeText(location.href); event.target.textContent = "Copied"; } catch { prompt("The link", location.href); }
    });
    replan();
  }

  // --- progress ------------------------------------------------------------------------------------------
  const progress = document.querySelector("[data-events]");
  if (progress) {
    const now = progress.querySelector(".now"), log = progress.querySelector(".log"), gap = document.getElementById("gap");
    const points = [], pale = "#c3ccd8", faint = "#3a4656";
    const lightWords = {
      axis: { labelColor: pale, titleColor: pale, gridColor: faint, domainColor: faint, tickColor: faint },
      legend: { labelColor: pale },
    };
    let view = null;
    const picture = async () => {
      if (!window.vegaEmbed || points.length < 2) return;
      gap.hidden = false;
      const spec = {
        width: Math.max(200, progress.clientWidth - 40), height: 220, autosize: { type: "fit", contains: "padding" },
        background: "transparent", config: { view: { stroke: null }, ...(dark.matches ? lightWords : {}) },
        data: { values: points.slice(-600) },
        layer: [
          { mark: { type: "line", strokeWidth: 2 }, encoding: { y: { field: "value", type: "quantitative", scale: { zero: false }, title: "bn" } } },
          { mark: { type: "area", opacity: 0.2 }, encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } } },
        ],
        encoding: { x: { field: "iteration", type: "quantitative", title: "iteration" }, color: { field: "what", type: "nominal", title: null, scale: { range: ["#0b5fa5", "#d9730d"] }, legend: { orient: "top" } } },
      };
      if (view) view.finalize();
      view = await vegaEmbed(gap, spec, { actions: false, renderer: "svg", ...look() });
    };
    const add = (data) => {
      points.push({ iteration: data.iteration, what: "bound", value: data.bound / 1000 });
      points.push({ iteration: data.iteration, what: "last paths", value: data.mean / 1000, low: (data.mean - data.halfwidth) / 1000, high: (data.mean + data.halfwidth) / 1000 });
    };
    for (const one of JSON.parse(progress.querySelector(".points").textContent)) add(one);
    picture();
    let later = 0;
    const source = new EventSource(progress.dataset.events);
    source.addEventListener("line", (event) => {
      const { at, text, data } = JSON.parse(event.data);
      const line = document.createElement("li"), time = document.createElement("time");
      time.textContent = new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC";
      line.append(time, " " + text);
      log.append(line);
      while (log.children.length > 500) log.firstChild.remove();
      log.scrollTop = log.scrollHeight;
      if (data && data.iteration !== undefined) { add(data); clearTimeout(later); later = setTimeout(picture, 150); }
    });
    source.addEventListener("state", (event) => {
      const { state, message } = JSON.parse(event.data);
      now.textContent = message;
      if (state !== "queued" && state !== "running") { source.close(); location.reload(); }
    });
  }

  // --- the editor ----------------------------------------------------------------------------------------
  const text = document.getElementById("text");
  if (text) {
    const gutter = document.querySelector(".gutter");
    const count = () => { gutter.textContent = Array.from({ length: text.value.split("\n").length }, (_, n) => n + 1).join("\n"); };
    text.addEventListener("input", count);
    text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
    count();
    for (const button of document.querySelectorAll("[data-line]")) {
      button.addEventListener("click", () => {
        const lines = text.value.split("\n"), line = Number(button.dataset.line);
        const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
        text.focus();
        text.setSelectionRange(start, start + (lines[line - 1] || "").length);
        text.scrollTop = (line - 6) * (text.scrollHeight / lines.length);
      });
    }
  }
})();
