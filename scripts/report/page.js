"use strict";
// Draws the charts and sorts the tables. Colours are the style sheet's, so nothing is drawn again for dark, light or print.
(() => {
  const specs = JSON.parse(document.getElementById("specs").textContent);
  const options = { actions: false, renderer: "svg", ast: true, mode: "vega-lite" };  // ast: expressions without eval
  const drawn = Object.entries(specs).map(([name, spec]) =>
    window.vegaEmbed(document.querySelector(`[data-chart="${name}"]`), spec, options));
  Promise.all(drawn).then(() => { document.documentElement.dataset.drawn = String(drawn.length); });

  const value = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) : cell.textContent.trim();
  };
  // What has no value is last in both directions; equal rows stay in the order they were in.
  const compared = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const button of table.querySelectorAll("th button")) {
      button.addEventListener("click", () => {
        const header = button.closest("th"), column = header.cellIndex, body = table.tBodies[0];
        const first = header.classList.contains("right") ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = header.getAttribute("aria-sort") === first ? other : first;
        for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        body.append(...[...body.rows].sort((a, b) => compared(value(a, column), value(b, column), sign)));
      });
    }
  }
})();
