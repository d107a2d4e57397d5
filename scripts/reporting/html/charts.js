"use strict";
// The charts as specifications of Vega-Lite: rows in, mappings out. Colours are variables of the style sheet, so a chart follows
// light, dark and print without being drawn again. Legends are the page's, where they wrap and can be clicked.

// A channel has one colour in every report: its own here, one by its name if it is of your own rules.
const CHANNELS = ["Direct", "Organic Search", "Paid Search", "Organic Social", "Paid Social", "Email", "Referral", "Display", "Affiliates",
  "Organic Video", "Paid Video", "Organic Shopping", "Paid Shopping", "AI Assistant", "Audio", "SMS", "Mobile Push Notifications",
  "Cross-network", "Paid Other", "Unassigned", "Untracked"];
const OTHER = "var(--other)", SHOWN_CHANNELS = 7;
const colour = name => {
  if (/^(Other )?\(/.test(name)) return OTHER;
  const own = CHANNELS.indexOf(name), sum = [...name].reduce((all, one) => (all * 31 + one.codePointAt(0)) % 9973, 7);
  return `var(--c${own >= 0 ? own + 1 : 1 + sum % CHANNELS.length})`;
};
// Vega keeps groups in objects by their name and would find what every object has instead: an invisible character sets them apart.
const safe = text => text in {} ? `${text}\u2060` : text;

const CONFIG = {
  background: "transparent", font: "system-ui, sans-serif", view: { stroke: null }, aria: false,
  axis: { labelColor: "var(--muted)", titleColor: "var(--muted)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    gridColor: "var(--line)", ticks: false, labelPadding: 6, titlePadding: 10, labelSeparation: 6, domain: false, labelLimit: 130 },
  header: { labelColor: "var(--ink)", labelFontSize: 12.5, labelFontWeight: 600, title: null },
  text: { color: "var(--ink)", fontSize: 11 },
};
const field = (name, type, title, more) => ({ field: name, type: { N: "nominal", O: "ordinal", Q: "quantitative" }[type], title, ...more });
const coloured = names => field("channel", "N", null, { legend: null,
  scale: { domain: names.map(safe), range: names.map(colour) } });
const named = rows => rows.map(row => ({ ...row, channel: safe(row.channel) }));

// rows: start, channel, place (in the stack), signups
const overTime = (rows, names, labels, kind) => ({
  height: 280, data: { values: named(rows) }, mark: { type: "bar", stroke: "var(--paper)", strokeWidth: 1 },
  encoding: {
    x: field("start", "O", null, { sort: labels, scale: { domain: labels, paddingInner: 0.15 }, axis: { labelAngle: 0, labelOverlap: true } }),
    y: field("signups", "Q", "Sign-ups", { axis: { tickCount: 5, tickMinStep: 1, format: ",.0f" } }),
    color: coloured(names), order: { field: "place" },
    tooltip: [field("start", "N", kind), field("channel", "N", "First touch"), field("signups", "Q", "Sign-ups", { format: "," })],
  },
});

const touchPairs = (rows, names) => {
  const order = names.map(safe), firsts = names.filter(name => rows.some(row => row.first === name)).map(safe);
  return {
    height: 30 * firsts.length, data: { values: rows.map(row => ({ ...row, first: safe(row.first), last: safe(row.last) })) },
    encoding: {
      x: field("last", "N", "Last touch", { sort: order, scale: { domain: order }, axis: { orient: "top", labelAngle: -40, labelLimit: 110 } }),
      y: field("first", "N", null, { sort: firsts, scale: { domain: firsts } }),
    },
    layer: [
      { mark: { type: "rect", fill: "var(--accent)", stroke: "var(--paper)", strokeWidth: 2, cornerRadius: 4 },
        encoding: {
          fillOpacity: { ...field("signups", "Q"), scale: { type: "sqrt", domainMin: 0, range: [0.04, 0.6] }, legend: null },
          tooltip: [field("first", "N", "First touch"), field("last", "N", "Last touch"), field("signups", "Q", "Sign-ups", { format: "," })],
        } },
      { mark: "text", encoding: { text: { field: "signups", format: "," } } },
    ],
  };
};

// Small multiples, one for each channel; each from 0 to its own largest, so that the models can be compared.
const creditModels = (rows, names, models, width) => {
  const columns = Math.max(1, Math.min(4, Math.floor((width - 110) / 190))), size = (width - 110) / columns - 44;
  const y = field("model", "N", null, { sort: models, axis: { grid: false, labelColor: "var(--ink)" } });
  return {
    data: { values: named(rows) }, columns, spacing: { row: 16, column: 44 },
    facet: field("channel", "N", null, { sort: names.map(safe), header: { labelAnchor: "start" } }),
    spec: {
      width: size, height: { step: 17 },
      layer: [
        { mark: { type: "bar", cornerRadiusEnd: 2 }, encoding: { y, color: coloured(names),
          x: field("signups", "Q", null, { axis: null }),
          tooltip: [field("channel", "N", "Channel"), field("model", "N", "Model"), field("signups", "Q", "Sign-ups", { format: ",.1f" })] } },
        { mark: { type: "text", align: "left", dx: 4 }, encoding: { y, x: field("signups", "Q"), text: { field: "signups", format: ",.1f" } } },
      ],
    },
    resolve: { scale: { x: "independent" } },
  };
};

const FEWEST = 10;  // people of a cohort that is drawn in colour
// rows: cohort (its words), age, share, active, signups. Numbers are left out where they do not fit.
const cohorts = (rows, labels, kind, width) => {
  const ages = Math.max(...rows.map(row => row.age), 1), fits = (width - 140) / ages;
  const number = (format, of, dy, more) => ({ mark: { type: "text", dy, ...more }, encoding: { text: { field: of, format } } });
  return {
    height: 34 * labels.length, data: { values: rows },
    encoding: {
      x: field("age", "O", `${kind}s after the ${kind.toLowerCase()} of the sign-up`, { axis: { orient: "top", labelAngle: 0 } }),
      y: field("cohort", "N", null, { sort: labels, axis: { grid: false, labelColor: "var(--ink)" } }),
    },
    layer: [
      { mark: { type: "rect", fill: "var(--accent)", stroke: "var(--paper)", strokeWidth: 2, cornerRadius: 4 },
        encoding: {
          fillOpacity: { ...field("share", "Q"), scale: { domainMin: 0, range: [0.04, 0.65] }, legend: null,
            condition: { test: `datum.signups < ${FEWEST}`, value: 0.04 } },
          tooltip: [field("cohort", "N", "Cohort"), field("age", "Q", kind), field("share", "Q", "Active", { format: ".1%" }),
            field("active", "Q", "Persons", { format: "," }), field("signups", "Q", "of sign-ups", { format: "," })],
        } },
      ...(fits > 26 ? [number(".0%", "share", -6, {}), number(",", "active", 8, { fontSize: 10, opacity: 0.8 })] : []),
    ],
  };
};

// rows: label and count
const bars = (rows, title) => ({
  height: 200, data: { values: rows },
  encoding: {
    x: field("label", "N", title, { sort: null, axis: { labelAngle: 0, labelOverlap: true } }),
    y: field("count", "Q", null, { axis: null }),
    tooltip: [field("label", "N", title), field("count", "Q", "Number", { format: "," })],
  },
  layer: [
    { mark: { type: "bar", fill: "var(--accent)", cornerRadiusEnd: 2 } },
    { mark: { type: "text", dy: -7 }, encoding: { text: { field: "count", format: rows.some(row => row.count > 99999) ? ".3~s" : "," } } },
  ],
});
