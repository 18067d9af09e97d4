// Certified bounds at every step of the sliders: two small linear programs over the planned points.
// The mathematics is in docs/explanation/brackets.md; the numbers come from studies/sweep/sliders.py.
(function () {
  "use strict";
  const MARGIN = 1e-6;

  // max costs·x with rows·x (= or ≤) limits and x ≥ 0, by the simplex method in a table; null where nothing fits.
  function maximise(costs, rows, limits, equal) {
    const count = costs.length, height = rows.length;
    const slack = equal.filter((same) => !same).length, width = count + slack + height;
    const table = [], basis = [];
    let next = count;
    for (let i = 0; i < height; i += 1) {
      const line = new Float64Array(width + 1), sign = limits[i] < 0 ? -1 : 1;
      for (let j = 0; j < count; j += 1) line[j] = sign * rows[i][j];
      if (!equal[i]) { line[next] = sign; next += 1; }
      line[count + slack + i] = 1;
      line[width] = sign * limits[i];
      table.push(line);
      basis.push(count + slack + i);
    }
    function pivot(row, column) {
      const by = table[row][column];
      for (let j = 0; j <= width; j += 1) table[row][j] /= by;
      for (let i = 0; i < height; i += 1) {
        const factor = table[i][column];
        if (i !== row && factor !== 0) for (let j = 0; j <= width; j += 1) table[i][j] -= factor * table[row][j];
      }
      basis[row] = column;
    }
    function run(worth, allowed) {
      const size = Math.max(...worth.map(Math.abs), 1e-300);
      for (let turn = 0; turn < 5000; turn += 1) {
        let enter = -1, best = 1e-10 * size;
        for (let j = 0; j < allowed; j += 1) {
          let gain = worth[j];
          for (let i = 0; i < height; i += 1) gain -= worth[basis[i]] * table[i][j];
          if (gain > best && !basis.includes(j)) {
            enter = j;
            if (turn > 1000) break; // the first that gains: no circle
            best = gain;
          }
        }
        if (enter < 0) return true;
        let leave = -1, least = Infinity;
        for (let i = 0; i < height; i += 1) {
          if (table[i][enter] > 1e-11) {
            const ratio = table[i][width] / table[i][enter];
            if (ratio < least - 1e-13) { least = ratio; leave = i; }
          }
        }
        if (leave < 0) return false;
        pivot(leave, enter);
      }
      return false;
    }
    const first = new Array(width).fill(0);
    for (let i = 0; i < height; i += 1) first[count + slack + i] = -1;
    if (!run(first, count + slack)) return null;
    const second = new Array(width).fill(0);
    for (let j = 0; j < count; j += 1) second[j] = costs[j];
    for (let i = 0; i < height; i += 1) {
      if (basis[i] >= count + slack) {
        if (table[i][width] > 1e-9) return null;
        // what only helped to begin must leave, or it could grow again
        let place = -1, size = 1e-9;
        for (let j = 0; j < count + slack; j += 1) {
          if (Math.abs(table[i][j]) > size && !basis.includes(j)) { size = Math.abs(table[i][j]); place = j; }
        }
        if (place >= 0) pivot(i, place);
      }
    }
    if (!run(second, count + slack)) return null;
    const found = new Float64Array(count);
    for (let i = 0; i < height; i += 1) if (basis[i] < count) found[basis[i]] = Math.max(table[i][width], 0);
    return found;
  }

  // The best mixture of values whose coordinates come out at the wanted ones; null where none does.
  function mixture(values, points, wanted, free) {
    const usable = values.map((value, k) => (value === null ? -1 : k)).filter((k) => k >= 0);
    if (!usable.length) return null;
    const level = Math.max(...usable.map((k) => Math.abs(values[k])), 1);
    const rows = [usable.map(() => 1)], limits = [1], equal = [true];
    wanted.forEach((target) => {
      const size = Math.max(Math.abs(target.at), ...usable.map((k) => Math.abs(points[k][target.axis])), 1e-300);
      rows.push(usable.map((k) => points[k][target.axis] / size));
      limits.push(target.at / size);
      equal.push(!(free && target.rising));
    });
    const shares = maximise(usable.map((k) => values[k] / level), rows, limits, equal);
    if (shares === null) return null;
    let total = 0, value = 0;
    shares.forEach((share) => { total += share; });
    if (Math.abs(total - 1) > 1e-7) return null;
    shares.forEach((share, i) => { value += (share / total) * values[usable[i]]; });
    for (let r = 1; r < rows.length; r += 1) {
      let sum = 0;
      shares.forEach((share, i) => { sum += (share / total) * rows[r][i]; });
      if (sum > limits[r] + 1e-7 || (equal[r] && sum < limits[r] - 1e-7)) return null;
    }
    return value;
  }

  function bounds(data, steps) {
    const at = { limits: [], prices: [] };
    let offset = data.offset;
    data.axes.forEach((axis, a) => {
      at[axis.kind].push({ axis: a, at: axis.at[steps[a]], rising: axis.rising });
      offset += axis.offset[steps[a]];
    });
    function own(start, kind) {
      return start.map((value, k) => {
        let sum = value;
        data.axes.forEach((axis, a) => {
          if (axis.kind === kind && sum !== null) {
            const gain = axis.gains[k][steps[a]];
            sum = gain === null ? null : sum + gain;
          }
        });
        return sum;
      });
    }
    const low = mixture(own(data.lower, "prices"), data.points, at.limits, true);
    const high = mixture(own(data.upper, "limits").map((v) => (v === null ? null : -v)), data.points, at.prices, false);
    const lower = low === null ? null : low + offset, upper = high === null ? null : -high + offset;
    return {
      lower: lower === null ? null : lower - MARGIN * Math.max(1, Math.abs(lower)),
      upper: upper === null ? null : upper + MARGIN * Math.max(1, Math.abs(upper)),
    };
  }

  function written(value, data) {
    const scaled = value / data.divisor;
    return (Math.abs(scaled) < 0.05 ? 0 : scaled).toLocaleString("en-GB", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  }

  function planned(data, steps) {
    const k = data.points.findIndex((point) => data.axes.every(
      (axis, a) => Math.abs(point[a] - axis.at[steps[a]]) <= 1e-9 * Math.max(1, Math.abs(point[a]))));
    return k < 0 ? null : data.npv[k];
  }

  document.querySelectorAll(".sliders").forEach((block) => {
    const data = JSON.parse(block.querySelector("script").textContent);
    const inputs = [...block.querySelectorAll("input[type=range]")];
    const ends = [];
    data.axes.forEach((axis) => ends.push(axis.at.length - 1));
    const far = [ends.map(() => 0), ends, data.axes.map((axis) => axis.start)].map((steps) => bounds(data, steps));
    const known = far.flatMap((one) => [one.lower, one.upper]).concat(data.declared).filter((v) => v !== null);
    const left = Math.min(...known, 0), right = Math.max(...known, 0);
    const share = (value) => `${Math.min(Math.max((100 * (value - left)) / (right - left || 1), 0), 100)}%`;
    function show() {
      const steps = inputs.map((input) => Number(input.value));
      inputs.forEach((input, a) => {
        const text = data.axes[a].labels[steps[a]];
        input.setAttribute("aria-valuetext", text);
        input.parentElement.querySelector("output").textContent = text;
      });
      const found = bounds(data, steps), npv = planned(data, steps);
      const low = found.lower === null ? null : written(found.lower, data);
      const high = found.upper === null ? null : written(found.upper, data);
      let text = "Nothing is known here.";
      if (low !== null && high !== null) {
        text = low === high || found.upper - found.lower <= 1e-5 * Math.abs(found.upper) ? `The best objective is ${low} ${data.unit}.`
          : `The best objective lies between ${low} and ${high} ${data.unit}.`;
      } else if (low !== null) text = `The best objective is at least ${low} ${data.unit}.`;
      else if (high !== null) text = `The best objective is at most ${high} ${data.unit}; whether there is a plan is not known.`;
      block.querySelector(".bounds").textContent = text;
      block.querySelector(".solved").textContent = npv === null
        ? "The net present value is known at planned points only."
        : `Planned: the programme's net present value is ${written(npv, data)} ${data.unit}.`;
      const bar = block.querySelector(".range i");
      bar.style.left = share(found.lower === null ? left : found.lower);
      bar.style.right = `calc(100% - ${share(found.upper === null ? right : found.upper)})`;
      const mark = block.querySelector(".range b");
      mark.hidden = data.declared === null;
      if (data.declared !== null) mark.style.left = share(data.declared);
      block.dataset.lower = found.lower === null ? "" : String(found.lower);
      block.dataset.upper = found.upper === null ? "" : String(found.upper);
    }
    inputs.forEach((input) => input.addEventListener("input", show));
    block.querySelector("button").addEventListener("click", () => {
      inputs.forEach((input, a) => { input.value = String(data.axes[a].start); });
      show();
    });
    show();
    block.hidden = false;
  });
})();
