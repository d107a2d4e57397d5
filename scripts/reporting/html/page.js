// Adds up the rows of the page for the days and the channel chosen, and shows them: figures, charts and tables.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const id = name => document.getElementById(name);
  const el = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children.filter(one => one !== null && one !== undefined));
    return made;
  };
  const sum = (rows, place) => rows.reduce((all, row) => all + row[place], 0);
  // key of a row -> its rows
  const grouped = (rows, key) => {
    const found = new Map();
    for (const row of rows) found.get(key(row))?.push(row) ?? found.set(key(row), [row]);
    return found;
  };
  const capital = text => text[0].toUpperCase() + text.slice(1);
  const quotient = (part, whole) => whole ? part / whole : null;

  // ---- Numbers and days
  const written = (value, least, most) => value.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
  const money = value => value ? written(value, 2, 2) : "0";
  const KINDS = {
    text: value => String(value), channel: value => String(value), number: value => written(value, 0, 0), decimal: value => written(value, 0, 1),
    share: value => `${written(100 * value, 1, 1)} %`, ratio: value => written(value, 2, 2), money,
    amount: value => Math.abs(value) >= 1000 ? written(value, 0, 0) : money(value), day: value => words(value), month: value => value,
  };
  const TEXTS = ["text", "channel", "day", "month"];
  const cell = (value, kind) => value === null || value === undefined ? "–" : KINDS[kind](value);

  const DAY = 864e5, first = Date.parse(data.first_on), dateOf = day => new Date(first + day * DAY);
  const dayOf = text => Math.round((Date.parse(text) - first) / DAY), iso = day => dateOf(day).toISOString().slice(0, 10);
  const said = (day, options) => dateOf(day).toLocaleDateString("en-GB", { timeZone: "UTC", ...options });
  const words = day => said(day, { day: "numeric", month: "short", year: "numeric" });
  const end = data.first_on ? dayOf(data.last_on) + 1 : 0;  // of all days
  const startOf = (kind, day) => {
    const date = dateOf(day), month = date.getUTCMonth();
    if (kind === "week") return day - (date.getUTCDay() + 6) % 7;
    if (kind === "day") return day;
    return Math.round((Date.UTC(date.getUTCFullYear(), kind === "month" ? month : month - month % 3) - first) / DAY);
  };
  const nextOf = (kind, start) => startOf(kind, start + { day: 1, week: 7, month: 31, quarter: 92 }[kind]);
  const starts = (kind, from, to) => {
    const found = [startOf(kind, from)];
    while (nextOf(kind, found.at(-1)) < to) found.push(nextOf(kind, found.at(-1)));
    return found;
  };
  const isWhole = kind => !["all", "own"].includes(kind);
  // The last month that is over, if the one before has all its days too, else the last week, else all days. A period is over
  // when there are sessions of a later day.
  const initial = kind => {
    for (const one of kind ? [kind] : ["month", "week"]) {
      const to = startOf(one, end - 1), from = startOf(one, to - 1);
      if (startOf(one, from - 1) >= 0 || (kind && from >= 0)) return { kind: one, from, to };
    }
    return { kind: "all", from: 0, to: end };
  };
  const before = ({ kind, from, to }) => {
    const start = isWhole(kind) ? startOf(kind, from - 1) : from - (to - from);
    return start >= 0 ? { kind, from: start, to: from } : null;
  };
  const nameOf = ({ kind, from, to }) => ({
    week: () => `Week of ${words(from)}`, month: () => said(from, { month: "long", year: "numeric" }),
    quarter: () => `Quarter from ${said(from, { month: "long", year: "numeric" })}`, all: () => "All days",
    own: () => to - from === 1 ? words(from) : `${words(from)} to ${words(to - 1)}`,
  })[kind]();

  // ---- What there is, with texts in place of their numbers
  const decoded = (rows, ...places) => (rows ?? []).map(row => row.map((value, place) =>
    places.includes(place) && value !== null ? data.texts[value] : value));
  const all = {
    touches: decoded(data.touches, 1, 2), sessions: decoded(data.sessions, 1), visitors: decoded(data.visitors, 1),
    money: decoded(data.money, 1, 2), entries: decoded(data.entries, 1, 2), campaigns: decoded(data.campaigns, 1, 2, 3, 4, 5),
    days: decoded(data.waiting?.days, 1), sessions_to: decoded(data.waiting?.sessions, 1),
  };
  const state = { ...initial(data.period), channel: "", withNone: false };
  const within = (rows, { from, to } = state) => rows.filter(row => row[0] >= from && row[0] < to);
  const ofChannel = (rows, place = 1, channel = state.channel) => channel ? rows.filter(row => row[place] === channel) : rows;
  const channels = [...new Set([all.touches, all.sessions, all.money].flatMap(rows => rows.map(row => row[1])))].sort();
  const sizes = (rows, key, of) => [...grouped(rows, key)].map(([name, those]) => [name, sum(those, of)])
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
  // name -> the name it has in charts: the largest have their own, the rest one together
  const shownAs = names => new Map(names.map((name, place) => [name,
    place < SHOWN_CHANNELS || names.length <= SHOWN_CHANNELS + 1 ? name : `Other (${names.length - SHOWN_CHANNELS})`]));

  const figures = (period, channel = state.channel) => {
    const rows = name => ofChannel(within(all[name], period), 1, channel);
    const seen = within(all.visitors, period).filter(([day, one, since]) =>
      one === (channel || null) && (since === null || day - since < period.from));
    const spent = rows("money").filter(row => row[2] === data.currency);
    const signups = sum(rows("touches"), 3), visitors = sum(seen, 3), cost = sum(spent, 3), revenue = sum(spent, 4);
    return { "Sign-ups": signups, "Visitors": visitors, "Sessions": sum(rows("sessions"), 2),
      "Sign-ups per visitor": quotient(signups, visitors), "Cost": cost, "CAC": quotient(cost, signups) || null,
      "Revenue so far": revenue, "ROAS": quotient(revenue, cost) };
  };
  const UNITS = { "Sign-ups": "number", "Visitors": "number", "Sessions": "number", "Sign-ups per visitor": "share", "Cost": "amount",
    "CAC": "amount", "Revenue so far": "amount", "ROAS": "ratio" };
  const shownFigures = () => Object.keys(UNITS).filter(name => !data.has ? Object.keys(UNITS).indexOf(name) < 4 :
    (data.has.cost || !["Cost", "CAC", "ROAS"].includes(name)) && (data.has.revenue || !["Revenue so far", "ROAS"].includes(name)));
  // Direction of a change, and words for it.
  const change = (now, then, unit) => {
    if (now === null || then === null || then === undefined) return ["none", "nothing to compare with"];
    const part = unit === "share" ? now - then : quotient(now - then, Math.abs(then));
    if (part === null) return now ? ["up", "up from nothing"] : ["same", "unchanged"];
    if (Math.abs(part) < 0.0005) return ["same", "unchanged"];
    const by = `${written(Math.abs(100 * part), 1, 1)} ${unit === "share" ? "points" : "%"}`;
    return part > 0 ? ["up", `${by} more`] : ["down", `${by} less`];
  };

  // ---- Tables: columns of title and kind; what has no value is last in both directions
  const compared = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b);
  const isNothing = value => value === null || value === undefined;
  const sortings = {};
  const csv = (columns, rows) => [columns.map(([title]) => title), ...rows].map(row => row.map((value, place) => {
    const text = isNothing(value) ? "" : columns[place][1] === "day" && typeof value === "number" ? iso(value) : String(value);
    const harmless = typeof value === "string" && /^[\s]*[=+\-@]/.test(text) ? `'${text}` : text;  // a spreadsheet would run it
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  }).join(",")).join("\r\n") + "\r\n";
  const download = (name, text) => {
    const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `${name}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // rows: values; heading: row -> what its first cell holds instead; foot: rows of totals
  const showTable = (name, columns, rows, { heading, foot = [], sorted } = {}) => {
    const place = document.querySelector(`[data-table="${name}"]`);
    if (!place) return;
    const [by, order] = sortings[name] ?? sorted ?? [-1, ""];
    const listed = by < 0 ? rows : [...rows].sort((one, other) => {
      const [a, b] = [one[by], other[by]];
      return isNothing(a) || isNothing(b) ? isNothing(a) - isNothing(b) : compared(a, b) * (order === "ascending" ? 1 : -1);
    });
    const isText = column => TEXTS.includes(columns[column][1]);
    const head = columns.map(([title], column) => {
      const button = el("button", { type: "button" }, title);
      button.addEventListener("click", () => {
        const [usual, other] = isText(column) ? ["ascending", "descending"] : ["descending", "ascending"];
        sortings[name] = [column, by === column && order === usual ? other : usual];
        showTable(name, columns, rows, { heading, foot, sorted });
        place.querySelectorAll("th button")[column].focus();
      });
      return el("th", { scope: "col", class: `${isText(column) ? "" : "right"} ${columns[column][2] ?? ""}`,
        ...(by === column ? { "aria-sort": order } : {}) }, button);
    });
    const line = row => el("tr", {}, ...row.map((value, column) => {
      const kind = columns[column][1], more = columns[column][2] ?? "";
      if (!column) return el("th", { scope: "row", class: "text" }, heading?.(row) ?? cell(value, kind));
      const mark = kind === "channel" && value ? [dot(value)] : [];
      return isText(column) ? el("td", { class: `text ${more}` }, ...mark, cell(value, kind)) :
        el("td", { class: `right ${more}`, "data-value": value ?? "" }, cell(value, kind));
    }));
    const button = el("button", { type: "button", class: "csv" }, "Download CSV");
    button.addEventListener("click", () => download(name, csv(columns, [...listed, ...foot])));
    place.replaceChildren(
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": place.dataset.title }, el("table", { id: `${name}-table` },
        el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...listed.map(line)), foot.length ? el("tfoot", {}, ...foot.map(line)) : null)),
      button);
  };

  // Tables that are in the page from the start.
  const offerFiles = () => document.querySelectorAll("#changed-months, #runs").forEach(table => {
    const [head, ...rows] = [...table.rows].map(row => [...row.cells].map(one => one.textContent));
    const button = el("button", { type: "button", class: "csv" }, "Download CSV");
    button.addEventListener("click", () => download(table.id, csv(head.map(title => [title, "text"]), rows)));
    table.parentNode.after(button);
  });

  // ---- Charts
  const views = {};
  // One after the other: whoever chooses quickly sees the last choice.
  const draw = (name, spec, text) => {
    const place = document.querySelector(`[data-chart="${name}"]`);
    if (!place) return null;
    const isEmpty = !spec?.data.values.length, sized = spec?.facet ? spec : { width: "container", ...spec };
    const options = { actions: false, renderer: "svg", ast: true, mode: "vega-lite" };  // ast: expressions without eval
    place.closest("figure").classList.toggle("empty", isEmpty);
    place.parentNode.setAttribute("aria-label", text);
    views[name] = Promise.resolve(views[name]).then(old => {
      old?.finalize();
      if (!isEmpty) return window.vegaEmbed(place, { config: CONFIG, ...sized }, options);
      place.replaceChildren("Nothing in this period.");
      return null;
    });
    return views[name];
  };
  const widthOf = name => document.querySelector(`[data-chart="${name}"]`)?.clientWidth || 700;
  const dot = name => el("span", { class: "dot", style: `background: ${colour(name)}` });
  const chooser = (name, label = name) => {
    const button = el("button", { type: "button", class: "channel" }, dot(name), label);
    button.addEventListener("click", () => choose({ channel: state.channel === name ? "" : name }));
    return button;
  };

  const showTiles = () => {
    const then = before(state), now = figures(state), past = then && figures(then), list = [];
    const other = then && nameOf(then).replace(/^(Week|Quarter)/, one => one.toLowerCase());
    id("headline-title").textContent = nameOf(state) + (then ? `, against ${other}` : "");
    let trend = [{ ...state }];
    if (isWhole(state.kind)) while (trend.length < 13 && before(trend[0])) trend.unshift(before(trend[0]));
    if (trend.length < 3) trend = buckets().map(([from, to]) => ({ from, to }));
    const course = trend.map(one => figures(one));
    for (const name of shownFigures()) {
      const unit = UNITS[name], [direction, text] = change(now[name], past?.[name], unit);
      const isNeutral = ["same", "none"].includes(direction) || ["Cost", "Revenue so far"].includes(name);
      const mood = isNeutral ? "" : (direction === "up") === (name !== "CAC") ? "good" : "bad";
      const values = course.map(one => one[name] ?? 0), top = Math.max(...values) || 1;
      const step = 100 / (values.length - 1 || 1), spark = el("div", { class: "spark", "aria-hidden": "true" });
      const points = values.map((value, place) => `${(step * place).toFixed(1)},${(26 - 24 * value / top).toFixed(1)}`);
      spark.innerHTML = `<svg viewBox="0 0 100 28" preserveAspectRatio="none"><path d="M0,28L${points.join("L")}L100,28Z"/>
        <polyline points="${points.join(" ")}"/></svg>`;
      list.push(el("div", { "data-figure": name },
        el("dt", {}, name === "CAC" ? "CAC (cost / all sign-ups)" : name),
        el("dd", { class: "value" }, cell(now[name], unit),
          unit === "amount" && data.currency !== "(none)" && now[name] !== null ? el("span", { class: "unit" }, ` ${data.currency}`) : null),
        then ? el("dd", { class: "change" }, el("span", { class: mood }, `${{ up: "▲ ", down: "▼ " }[direction] ?? ""}${text}`),
          ...(isNothing(past[name]) ? [] : [el("br"), `before: ${cell(past[name], unit)}`])) : null,
        el("dd", {}, spark)));
    }
    id("tiles").replaceChildren(...list);
  };

  const showChannels = () => {
    const names = channels.filter(name => !state.channel || name === state.channel);
    const shown = shownFigures(), values = period => shown.map(name => period[name]);
    const rows = names.map(name => [name, ...values(figures(state, name))]).filter(row => row.slice(1).some(value => value));
    showTable("channels", [["Channel", "text"], ...shown.map(name => [name, UNITS[name] === "amount" ? "money" : UNITS[name]])], rows, {
      sorted: [1, "descending"], foot: state.channel ? [] : [["All channels", ...values(figures(state))]],
      heading: ([name]) => el("span", { class: "name" }, names.includes(name) ? chooser(name) : name,
        ...(data.persons.includes(name) ? [" ", el("a", { href: `#persons-${data.persons.indexOf(name)}` }, "who?")] : [])),
    });
  };

  const bucketKind = () => state.to - state.from <= 31 ? "day" : state.to - state.from <= 371 ? "week" : "month";
  const buckets = () => starts(bucketKind(), state.from, state.to).map(start => [Math.max(start, state.from),
    Math.min(nextOf(bucketKind(), start), state.to), start]);
  const touchRows = () => ofChannel(within(all.touches));

  const showOverTime = () => {
    const rows = touchRows(), names = sizes(rows, row => row[1], 3), shown = shownAs(names), kind = bucketKind(), total = sum(rows, 3);
    const label = start => kind === "month" ? said(start, { month: "short", year: "numeric" }) : said(start, { day: "numeric", month: "short" });
    const order = [...new Set(shown.values())], counts = buckets().map(([from, to, start]) => {
      const those = within(rows, { from, to });
      return [start, names.map(name => sum(those.filter(row => row[1] === name), 3)), sum(those, 3)];
    });
    const drawn = counts.flatMap(([start, values]) => order.map((name, place) => ({ start: label(start), channel: name, place,
      signups: values.reduce((all, value, column) => all + (shown.get(names[column]) === name ? value : 0), 0) })));
    id("over-time-sum").textContent = `${cell(total, "number")} sign-ups by ${kind}.`;
    id("over-time-legend").replaceChildren(...order.map(name => el("li", {}, shown.has(name) ? chooser(name) : el("span", {}, dot(name), name))));
    showTable("over-time", [[capital(kind), "day"], ...names.map(name => [name, "number"]), ["All", "number"]],
      counts.map(([start, values, those]) => [start, ...values, those]), {
        foot: [["All days", ...names.map(name => sum(rows.filter(row => row[1] === name), 3)), total]],
        heading: ([start]) => isNaN(start) ? start : null,
      });
    return draw("over-time", overTime(total ? drawn : [], order, counts.map(([start]) => label(start)), capital(kind)),
      `Stacked bars: ${total} sign-ups by ${kind}, ${nameOf(state)}, divided by the channel of the first touch.`);
  };

  const showTouches = () => {
    const rows = touchRows(), names = sizes([...rows, ...rows.map(([day, , last, count]) => [day, last, "", count])], row => row[1], 3);
    const shown = shownAs(names), same = quotient(sum(rows.filter(row => row[1] === row[2]), 3), sum(rows, 3));
    const pairs = key => [...grouped(rows, key).values()].map(those => [those[0], sum(those, 3)]);
    id("touches-share").textContent = same === null ? "" : `${cell(same, "share")} of sign-ups have the same channel in both.`;
    showTable("touches", [["First touch", "text"], ["Last touch", "text"], ["Sign-ups", "number"]],
      pairs(row => `${row[1]}\n${row[2]}`).map(([row, count]) => [row[1], row[2], count]), { sorted: [2, "descending"] });
    return draw("touches", touchPairs(pairs(row => `${shown.get(row[1])}\n${shown.get(row[2])}`).map(([row, signups]) =>
      ({ first: shown.get(row[1]), last: shown.get(row[2]), signups })), [...new Set(shown.values())]),
    "Heat map: sign-ups by the channel of the first touch (rows) and of the last touch (columns).");
  };

  const showCampaigns = () => {
    if (!data.has) return;
    const rows = [...grouped(ofChannel(within(all.campaigns), 4), row => row.slice(1, 6).join("\n")).values()].map(those =>
      [...those[0].slice(1, 6), sum(those, 6), sum(those, 7), sum(those, 8)]);
    const full = ([...names], signups, cost, revenue) => [...names, signups, data.has.cost ? cost : null,
      data.has.cost ? quotient(cost, signups) || null : null, data.has.revenue ? quotient(revenue, signups) : null,
      data.has.revenue ? revenue : null, data.has.cost && data.has.revenue ? quotient(revenue, cost) : null];
    const currencies = [...new Set(rows.map(row => row[4]))].sort(), isNone = row => row[0] === "(none)";
    const totals = (title, those) => currencies.filter(one => those.some(row => row[4] === one)).map(one => {
      const own = those.filter(row => row[4] === one);
      return full([title, "", "", "", one], sum(own, 5), sum(own, 6), sum(own, 7));
    });
    const shown = state.withNone ? rows : rows.filter(row => !isNone(row)), none = rows.filter(isNone);
    const columns = [["Campaign", "text"], ["Source", "text", "wide"], ["Medium", "text", "wide"], ["Channel", "channel", "wide"],
      ["Currency", "text", currencies.length > 1 ? "" : "hidden"], ["Sign-ups", "decimal"], ["Cost", "money"], ["CAC", "money"], ["LTV", "money"],
      ["Revenue", "money"], ["ROAS", "ratio"]];
    showTable("campaigns", columns, shown.map(row => full(row.slice(0, 5), row[5], row[6], row[7])), {
      sorted: [5, "descending"],
      foot: [...(state.withNone ? [] : totals("Without a campaign", none)), ...totals("Total", rows)],
      heading: ([name, source, medium]) => el("span", {}, name, source ? el("small", {}, `${source} / ${medium}`) : null),
    });
    id("none-count").textContent = none.length;
    const lost = shown.filter(row => row[6] > 0 && Math.abs(row[5]) < 1e-6).sort((a, b) => b[6] - a[6]);
    const amount = row => `${money(row[6])}${row[4] === "(none)" ? "" : ` ${row[4]}`}`;
    id("lost").hidden = !lost.length;
    const sums = currencies.map(one => [0, 0, 0, 0, one, 0, sum(lost.filter(row => row[4] === one), 6)]).filter(row => row[6]);
    id("lost").replaceChildren(
      el("p", {}, el("strong", {}, `Money spent without sign-ups: ${sums.map(amount).join(" and ")}`),
        ` on ${lost.length === 1 ? "one campaign" : `${lost.length} campaigns`} in this period.`),
      el("ul", {}, ...lost.slice(0, 5).map(row => el("li", {}, el("strong", {}, row[0]), ` (${row[1]} / ${row[2]}): ${amount(row)}`))),
      lost.some(row => row[3] === "(unmatched spend)") ?
        el("p", {}, "No link has the names of (unmatched spend): see whether the names in ads and links differ.") : "");
  };

  const showCredits = () => {
    if (!data.has) return null;
    const models = Object.keys(data.models), rows = ofChannel(within(all.entries), 2), names = sizes(rows, row => row[2], 3);
    // Models of paid touches alone would put (unattributed) in front.
    const shown = shownAs(sizes(rows.filter(row => !row[1].endsWith("_paid")), row => row[2], 3));
    const counts = grouped(rows, row => `${row[1]}\n${row[2]}`), of = (model, name) => sum(counts.get(`${model}\n${name}`) ?? [], 3);
    showTable("credits", [["Channel", "text"], ...Object.values(data.models).map(title => [title, "decimal"])],
      names.map(name => [name, ...models.map(model => of(model, name))]),
      { foot: state.channel || !names.length ? [] : [["All channels", ...models.map(model => sum(names.map(name => [of(model, name)]), 0))]] });
    const order = [...shown.keys()].filter(name => shown.get(name) === name);
    const drawn = order.flatMap(channel => models.map(model => ({ channel, model: data.models[model], signups: of(model, channel) })));
    return draw("credits", creditModels(drawn, order, Object.values(data.models), widthOf("credits")),
      `Small bar charts, one for each channel: the sign-ups that ${models.length} credit models give it, ${nameOf(state)}.`);
  };

  const showRetention = () => {
    if (!data.retention?.length) return null;
    const unit = data.retention_kind, kind = capital(unit);
    const rows = [...grouped(ofChannel(data.retention), row => `${row[0]}\n${row[2]}`).values()].map(those =>
      [dayOf(those[0][0]), those[0][2], sum(those, 3), sum(those, 4), quotient(sum(those, 4), sum(those, 3))]);
    showTable("retention", [["Sign-ups of", "day"], [`${kind}s later`, "number"], ["Sign-ups", "number"], ["Active", "number"],
      ["Share", "share"]], rows);
    const newest = [...new Set(rows.map(row => row[0]))].sort((a, b) => a - b).slice(-13);
    const options = { month: "short", ...(unit === "week" ? { day: "numeric" } : { year: "numeric" }) };
    const label = row => `${said(row[0], options)} (${row[2]})`;
    const drawn = rows.filter(row => newest.includes(row[0]) && row[1] > 0 && row[1] <= 12);
    const labels = newest.map(start => label(rows.find(row => row[0] === start))).filter(one => drawn.some(row => label(row) === one));
    const shown = drawn.map(row => ({ cohort: label(row), age: row[1], signups: row[2], active: row[3], share: row[4] }));
    return draw("retention", cohorts(shown, labels, kind, widthOf("retention")),
      `Heat map: of those who signed up in a ${unit} (rows), the share that had a session so many ${unit}s later (columns).`);
  };

  const showBars = (name, source, title) => {
    const ends = data.steps[name], rows = ofChannel(within(all[source])), lows = [ends[0], ...ends.map(high => high + 1)];
    const label = (low, step) => step === ends.length ? `${low}+` : low === ends[step] ? `${low}` : `${low}–${ends[step]}`;
    const counted = lows.map((low, step) => [label(low, step), sum(rows.filter(row => row[2] === step), 3)]);
    showTable(name, [[title, "text"], ["Sign-ups", "number"]], counted);
    return draw(name, bars(rows.length ? counted.map(([label, count]) => ({ label, count })) : [], title),
      `Bars: sign-ups by ${title.toLowerCase()}.`);
  };
  const showWaiting = () => Promise.all([showBars("days", "days", "Days from the first session"),
    showBars("sessions", "sessions_to", "Sessions, including that of the sign-up")]);

  const showMonths = () => {
    const label = month => new Date(month).toLocaleDateString("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });
    const rows = data.months.map(([month, messages, batch]) => [label(month), messages, batch]);
    showTable("months", [["Month", "month"], ["Messages", "number"], ["Last changed by refresh", "number"]], rows);
    return draw("months", bars(rows.map(([label, count]) => ({ label, count })), "Month (UTC)"),
      "Bars: messages stored, by the month in which they happened.");
  };

  const showStale = () => {
    const hours = data.newest_at ? (Date.now() - Date.parse(`${data.newest_at.slice(0, 19)}Z`)) / 36e5 : 0;
    if (hours <= 26) return;
    id("stale").hidden = false;
    id("stale-age").textContent = hours < 48 ? `${Math.round(hours)} hours` : `${Math.floor(hours / 24)} days`;
  };

  // ---- The choice
  let shows = 0;
  const show = async () => {
    const own = ++shows;
    delete document.documentElement.dataset.drawn;
    for (const one of document.querySelectorAll("[data-chosen]")) one.textContent = nameOf(state) + (state.channel ? `, ${state.channel} only` : "");
    id("kind").value = state.kind;
    id("from").value = iso(state.from);
    id("to").value = iso(state.to - 1);
    id("channel").value = state.channel;
    id("earlier").disabled = !isWhole(state.kind) || state.from <= 0;
    id("later").disabled = !isWhole(state.kind) || state.to >= end;
    showTiles(); showChannels(); showCampaigns();
    await Promise.all([showOverTime(), showTouches(), showCredits(), showRetention(), showWaiting(), showMonths()]);
    if (own === shows) document.documentElement.dataset.drawn = "1";
  };
  const choose = more => { Object.assign(state, more); return show(); };
  const whole = (kind, day) => ({ kind, from: startOf(kind, day), to: nextOf(kind, startOf(kind, day)) });
  const listen = () => {
    id("channel").append(el("option", { value: "" }, "All channels"), ...channels.map(name => el("option", { value: name }, name)));
    id("channel").addEventListener("change", () => choose({ channel: id("channel").value }));
    id("kind").addEventListener("change", () => {
      const kind = id("kind").value;
      choose(kind === "all" ? { kind, from: 0, to: end } : kind === "own" ? { kind } : whole(kind, state.to - 1 < end ? state.to - 1 : end - 1));
    });
    id("earlier").addEventListener("click", () => choose(whole(state.kind, state.from - 1)));
    id("later").addEventListener("click", () => choose(whole(state.kind, state.to)));
    for (const name of ["from", "to"]) {
      id(name).min = data.first_on;
      id(name).max = data.last_on;
      id(name).addEventListener("change", () => {
        const [from, to] = [dayOf(id("from").value), dayOf(id("to").value) + 1];
        if (from >= 0 && to <= end && from < to) choose({ kind: "own", from, to });
      });
    }
    id("with-none")?.addEventListener("change", () => { state.withNone = id("with-none").checked; showCampaigns(); });
    let waiting, width = window.innerWidth;
    window.addEventListener("resize", () => {
      clearTimeout(waiting);
      if (window.innerWidth !== width) waiting = setTimeout(() => { width = window.innerWidth; show(); }, 200);
    });
  };
  window.report = { change, initial, named: nameOf, figures, state };  // for whoever inspects the page
  showStale();
  offerFiles();
  if (data.first_on) { listen(); show(); } else showMonths().then(() => { document.documentElement.dataset.drawn = "1"; });
})();
