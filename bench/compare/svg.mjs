// svg.mjs - plots, small and plain, readable on a light page and on a dark one.

const WIDTH = 720, LEFT = 64, RIGHT = 16, TOP = 40, BOTTOM = 52;
const COLOURS = ['#2563a8', '#c2571a', '#3c8d40', '#8a4fa3', '#5b6770', '#b0932c'];

function escape(text) {
    return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function text(x, y, content, extra = '') {
    return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${escape(content)}</text>`;
}

function page(height, title, parts) {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
        `font-family="sans-serif" font-size="12" fill="#222">\n<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n` +
        `${text(12, 22, title, 'font-size="14" font-weight="bold"')}\n${parts.join('\n')}\n</svg>\n`;
}

// A round number of at least `value`, and a step that divides it.
function scale(value) {
    const unit = 10 ** Math.floor(Math.log10(value || 1));
    const step = [0.2, 0.5, 1, 2].map(n => n * unit).find(n => value / n <= 6) ?? 2 * unit;
    return { step, max: Math.ceil(value / step) * step };
}

function label(value) {
    return Number(value.toFixed(3)).toLocaleString('en-GB');
}

// rows: [{ label, value, note, colour }]; the bars lie.
export function bars(title, rows) {
    const left = 230, height = TOP + rows.length * 24 + 16;
    const { max } = scale(Math.max(...rows.map(row => row.value)));
    const parts = rows.map((row, at) => {
        const y = TOP + at * 24, width = (WIDTH - left - 150) * row.value / max;
        return `${text(left - 8, y + 14, row.label, 'text-anchor="end"')}\n` +
            `<rect x="${left}" y="${y + 2}" width="${width.toFixed(1)}" height="17" fill="${COLOURS[row.colour ?? 0]}"/>\n` +
            text(left + width + 6, y + 14, row.note ?? label(row.value));
    });
    return page(height, title, parts);
}

// series: [{ name, points: [[x, y]] }]
export function lines(title, xTitle, yTitle, series) {
    const height = 340, bottom = height - BOTTOM, right = WIDTH - RIGHT;
    const all = series.flatMap(one => one.points);
    const xs = scale(Math.max(...all.map(point => point[0]))), ys = scale(Math.max(...all.map(point => point[1])));
    const x = value => LEFT + (right - LEFT) * value / xs.max, y = value => bottom - (bottom - TOP) * value / ys.max;
    const parts = [];
    for (let value = 0; value <= ys.max * 1.001; value += ys.step)
        parts.push(`<path d="M${LEFT} ${y(value).toFixed(1)}H${right}" stroke="#ddd"/>`,
                   text(LEFT - 6, y(value) + 4, label(value), 'text-anchor="end"'));
    for (let value = 0; value <= xs.max * 1.001; value += xs.step)
        parts.push(text(x(value), bottom + 18, label(value), 'text-anchor="middle"'));
    parts.push(text((LEFT + right) / 2, height - 16, xTitle, 'text-anchor="middle"'),
               text(0, 0, yTitle, `text-anchor="middle" transform="translate(16 ${(TOP + bottom) / 2}) rotate(-90)"`));
    series.forEach((one, at) => {
        const colour = COLOURS[at % COLOURS.length];
        const path = one.points.map(([a, b], i) => `${i ? 'L' : 'M'}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join('');
        parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
                   ...one.points.map(([a, b]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="3" fill="${colour}"/>`),
                   `<rect x="${LEFT + 12}" y="${TOP + 4 + at * 18}" width="10" height="10" fill="${colour}"/>`,
                   text(LEFT + 28, TOP + 13 + at * 18, one.name));
    });
    return page(height, title, parts);
}
