// Draws runs on canvases that share a time axis. The picture grows while a run is in progress. Its bars, stripes and colors
// are those of the book's figures.
'use strict';

const LabTimeline = (() => {
    const { RESOURCES, EVENTS, formatTime } = LabRun;
    // The largest number of lanes.
    const LANES = 40;
    // Space to the left and right of the lanes, below them for the axis, and above them for the marks.
    const PAD = 10;
    const AXIS = 22;
    const MARK = 18;
    const FONT = '13px system-ui, sans-serif';
    // The directions of the stripes that mean waiting, one for each resource.
    const STRIPES = ['/', '\\', '-', '|'];
    const DASHES = { threads: [], processes: [5, 2], coroutines: [1, 1.5], machines: [8, 2] };
    // The largest number of rows of marks.
    const ROWS = 6;
    const SHORTEST = 1e-6;

    // The index of the first bar that ends at or after `at`.
    function first(bars, at) {
        let [low, high] = [0, bars.length];
        while (low < high) {
            const middle = (low + high) >> 1;
            if (bars[middle].to < at) low = middle + 1; else high = middle;
        }
        return low;
    }

    // Calls `draw(from, to, index, count, busy)` for the bars between two times, merging neighbors shorter than `pixel`.
    function merged(bars, from, to, now, pixel, widest, draw) {
        let index = first(bars, from);
        while (index < bars.length && bars[index].from <= to) {
            const start = bars[index].from;
            let end = Math.min(bars[index].to, now);
            let [count, busy] = [1, end - start];
            if (busy < pixel) {
                for (let next; (next = bars[index + count]) && next.from <= to; count += 1) {
                    const length = Math.min(next.to, now) - next.from;
                    if (length >= pixel || next.from - end >= pixel || next.from - start >= widest || next.resource !== bars[index].resource) break;
                    end = next.from + length;
                    busy += length;
                }
            }
            draw(start, end, index, count, busy);
            index += count;
        }
    }

    // The smallest round unit of time that divides `length` into at most `most` steps.
    function step(length, most) {
        let unit = 1e-6;
        for (;;) {
            for (const digit of [1, 2, 5]) if (length <= digit * unit * most) return digit * unit;
            unit *= 10;
        }
    }

    function exact(time, length, unit) {
        const [scale, name] = length >= 1 ? [1, 's'] : length >= 1e-3 ? [1e3, 'ms'] : [1e6, 'µs'];
        const decimals = Math.max(0, -Math.floor(Math.log10(unit * scale) + 1e-9));
        return `${(time * scale).toFixed(decimals)} ${name}`;
    }

    // The colors and stripe patterns of the page's theme.
    class Ink {
        constructor(element) {
            this.ratio = devicePixelRatio || 1;
            const style = getComputedStyle(element);
            this.text = style.color;
            this.model = {};
            for (const model of Object.keys(DASHES)) {
                const shade = name => style.getPropertyValue(name).trim();
                this.model[model] = {
                    fill: shade(`--${model}`), on: shade(`--on-${model}`),
                    light: shade(`--${model}-light`), dark: shade(`--${model}-dark`),
                };
            }
            this.patterns = new Map();
        }

        // A pattern of stripes, on a background color or a transparent one.
        stripes(context, direction, color, alpha, ground) {
            const key = [direction, color, ground].join();
            if (!this.patterns.has(key)) {
                const size = Math.round(7 * this.ratio);
                const tile = document.createElement('canvas');
                tile.width = tile.height = size;
                const ink = tile.getContext('2d');
                if (ground) {
                    ink.fillStyle = ground;
                    ink.fillRect(0, 0, size, size);
                }
                ink.strokeStyle = color;
                ink.globalAlpha = alpha;
                ink.lineWidth = this.ratio;
                ink.beginPath();
                for (const shift of [-size, 0, size]) {
                    if (direction === '/') { ink.moveTo(shift, size); ink.lineTo(shift + size, 0); }
                    if (direction === '\\') { ink.moveTo(shift, 0); ink.lineTo(shift + size, size); }
                }
                if (direction === '-') { ink.moveTo(0, size / 2); ink.lineTo(size, size / 2); }
                if (direction === '|') { ink.moveTo(size / 2, 0); ink.lineTo(size / 2, size); }
                ink.stroke();
                const pattern = context.createPattern(tile, 'repeat');
                pattern.setTransform(new DOMMatrix().scale(1 / this.ratio));
                this.patterns.set(key, pattern);
            }
            return this.patterns.get(key);
        }
    }

    // One run in a timeline: a canvas, with the names of its lanes to the left.
    class Panel {
        constructor(timeline, trace, clock) {
            this.timeline = timeline;
            this.trace = trace;
            // Returns the current time of a run in progress.
            this.clock = clock;
            this.element = document.createElement('div');
            this.element.className = 'lab-panel';
            this.names = document.createElement('div');
            this.names.className = 'lab-names';
            this.names.setAttribute('aria-hidden', 'true');
            this.canvas = document.createElement('canvas');
            this.canvas.className = 'lab-canvas';
            this.canvas.tabIndex = 0;
            this.canvas.setAttribute('role', 'application');
            this.canvas.setAttribute('aria-roledescription', 'timeline');
            this.element.append(this.names, this.canvas);
            this.lanes = 0;
            this.width = 0;
            timeline.listen(this);
        }

        get now() {
            const { trace } = this;
            if (trace.over) return trace.end;
            return this.clock ? Math.max(this.clock(), trace.end) : trace.end;
        }

        // The minimum length of the axis.
        get length() {
            const { trace, now } = this;
            if (trace.over) return Math.max(trace.end, SHORTEST);
            return Math.max(this.expected ?? 0, trace.deadline ? 1.02 * trace.deadline : 0, 1.06 * now, 0.1);
        }

        get marks() {
            const { trace } = this;
            const marks = [];
            const { deadline } = trace;
            if (deadline !== null && (deadline <= trace.end || !trace.over)) {
                marks.push({ at: deadline, label: 'deadline', dash: [6, 4] });
            }
            const near = deadline !== null && Math.abs(trace.stopping - deadline) <= Math.max(trace.end, deadline) / 100;
            if (trace.stopping !== null && !near) marks.push({ at: trace.stopping, label: 'stopping', dash: [2, 3] });
            for (const { at, label } of trace.brokers) marks.push({ at, label, dash: [] });
            return marks;
        }

        // The marks on the visible part of the axis, each with its label and a row in which that overlaps no other.
        placed() {
            const [from, to] = this.timeline.span;
            const context = this.canvas.getContext('2d');
            context.font = FONT;
            const ends = [];
            return this.marks.filter(({ at }) => at >= from && at <= to).sort((one, other) => one.at - other.at).map(mark => {
                const text = `${mark.label}: ${+mark.at.toFixed(3)} s`;
                const width = context.measureText(text).width;
                const left = Math.min(Math.max(this.x(mark.at) - width / 2, 1), this.width - width - 1);
                let row = ends.findIndex(end => end < left);
                if (row < 0) row = Math.min(ends.length, ROWS - 1);
                ends[row] = left + width + 8;
                return { ...mark, text, row, left, width };
            });
        }

        // Gives each worker a lane, and chooses the height of the lanes.
        layout() {
            const lanes = Math.max(1, Math.min(this.trace.workers, LANES));
            const width = this.canvas.clientWidth;
            const { ratio } = this.timeline.ink;
            const isNew = lanes !== this.lanes || width !== this.width || ratio !== this.ratio;
            Object.assign(this, { width, ratio });
            // The rows for marks aren't removed again, so that the picture doesn't jump while it is zoomed.
            this.rows = Math.max(this.rows ?? 0, ...this.placed().map(mark => mark.row + 1));
            const top = this.rows ? MARK * this.rows : 4;
            if (top === this.top && !isNew) return;
            [this.pitch, this.bar] = lanes <= 12 ? [26, 20] : [17, 14];
            this.top = top;
            this.height = top + lanes * this.pitch + AXIS;
            this.canvas.style.height = `${this.height}px`;
            this.canvas.width = Math.round(width * ratio);
            this.canvas.height = Math.round(this.height * ratio);
            this.names.style.paddingBlockStart = `${top}px`;
            this.names.style.setProperty('--pitch', `${this.pitch}px`);
            if (lanes !== this.lanes) {
                this.lanes = lanes;
                this.names.replaceChildren(...Array.from({ length: lanes }, (_, number) => {
                    const name = document.createElement('div');
                    const text = document.createElement('span');
                    text.textContent = `worker-${number + 1}`;
                    name.append(text);
                    return name;
                }));
                this.timeline.onlanes?.(this);
            }
        }

        y(number) { return this.top + number * this.pitch + (this.pitch - this.bar) / 2; }
        x(at) {
            const [from, to] = this.timeline.span;
            return PAD + (this.width - 2 * PAD) * (at - from) / (to - from);
        }
        at(x) {
            const [from, to] = this.timeline.span;
            return from + (to - from) * (x - PAD) / (this.width - 2 * PAD);
        }
        get pixel() {
            const [from, to] = this.timeline.span;
            return (to - from) / Math.max(1, this.width - 2 * PAD);
        }

        // Whether drawing again would change the picture: new records, a different axis, or half a pixel of time.
        get changed() {
            const { drawn, now, trace } = this;
            const [from, to] = this.timeline.span;
            return !drawn || drawn.records !== trace.records.length || drawn.from !== from || drawn.to !== to
                || now - drawn.now > this.pixel / 2 || drawn.over !== trace.over;
        }

        draw() {
            this.layout();
            const [from, to] = this.timeline.span;
            this.drawn = { records: this.trace.records.length, from, to, now: this.now, over: this.trace.over };
            const context = this.canvas.getContext('2d');
            const { ink } = this.timeline;
            context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
            context.clearRect(0, 0, this.width, this.height);
            context.font = FONT;
            context.textBaseline = 'middle';
            const now = this.now;
            this.drawAxis(context, ink);
            context.save();
            context.beginPath();
            context.rect(PAD - 1, 0, this.width - 2 * PAD + 2, this.height - AXIS + 4);
            context.clip();
            for (let number = 0; number < this.lanes; number += 1) {
                const lane = this.trace.lanes[number];
                if (lane) this.drawLane(context, ink, lane, now);
            }
            this.drawSignals(context, ink);
            context.restore();
            this.drawMarks(context, ink);
            this.drawCursor(context, ink);
        }

        drawAxis(context, ink) {
            const [from, to] = this.timeline.span;
            const most = Math.max(2, Math.floor(this.width / 90));
            const unit = step(to - from, most);
            const bottom = this.height - AXIS;
            context.fillStyle = context.strokeStyle = ink.text;
            context.lineWidth = 1;
            for (let tick = Math.ceil(from / unit - 1e-9); tick * unit <= to + unit * 1e-6; tick += 1) {
                const x = Math.round(this.x(tick * unit)) + 0.5;
                context.globalAlpha = 0.2;
                context.beginPath();
                context.moveTo(x, this.top);
                context.lineTo(x, bottom + 4);
                context.stroke();
                context.globalAlpha = 1;
                this.label(context, exact(tick * unit, to, unit), x, bottom + 13);
            }
        }

        // Draws text centered on `x`, moved sideways if it wouldn't fit.
        label(context, text, x, y) {
            const half = context.measureText(text).width / 2;
            context.textAlign = 'center';
            context.fillText(text, Math.min(Math.max(x, half + 1), this.width - half - 1), y);
        }

        drawLane(context, ink, lane, now) {
            const { trace, bar: height, pixel } = this;
            const [from, to] = this.timeline.span;
            const y = this.y(lane.number);
            const colors = ink.model[trace.model];
            const dash = DASHES[trace.model];
            const left = Math.max(this.x(lane.began), -10);
            const right = Math.min(this.x(lane.ended ?? now), this.width + 10);
            if (right > left) {
                if (!trace.reportsWaits) {
                    context.fillStyle = ink.stripes(context, '/', ink.text, 0.55);
                    context.fillRect(left, y, right - left, height);
                }
                context.strokeStyle = ink.text;
                context.globalAlpha = 0.3;
                context.strokeRect(left + 0.5, y + 0.5, Math.max(0, right - left - 1), height - 1);
                context.globalAlpha = 1;
            }
            const resources = [...trace.resources.wait];
            merged(lane.waits, from, to, now, pixel, Infinity, (start, end, index) => {
                const width = this.x(end) - this.x(start);
                if (width < 0.25) return;
                const direction = STRIPES[Math.max(0, resources.indexOf(lane.waits[index].resource)) % STRIPES.length];
                context.fillStyle = ink.stripes(context, direction, ink.text, 0.55);
                context.fillRect(this.x(start), y, width, height);
            });

            const labels = [];
            merged(lane.jobs, from, to, now, pixel, Infinity, (start, end, index, count) => {
                const x = Math.max(this.x(start), -10);
                const width = Math.max(1, Math.min(this.x(end), this.width + 10) - x);
                context.fillStyle = trace.usesGil ? ink.stripes(context, '/', colors.fill, 0.7, colors.light) : colors.fill;
                if (width < 3) {
                    context.fillRect(x, y, width, height);
                    return;
                }
                context.beginPath();
                const corner = Math.min({ coroutines: 6, machines: 3 }[trace.model] ?? 0, width / 2);
                context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, corner);
                context.fill();
                context.strokeStyle = ink.text;
                context.setLineDash(dash);
                context.stroke();
                context.setLineDash([]);
                const text = count === 1 ? `${lane.jobs[index].job.number}` : `${count} jobs`;
                if (width >= 8 * text.length + 4) labels.push([x, width, text]);
            });

            // The height of a merged hold is the share of the time that it covers.
            const onHold = x => {
                const at = this.at(x);
                const hold = lane.holds[first(lane.holds, at)];
                return !trace.usesGil && hold && hold.from <= at;
            };
            context.fillStyle = colors.dark;
            merged(lane.holds, from, to, now, pixel, 8 * pixel, (start, end, _, count, busy) => {
                const x = Math.max(this.x(start), -10);
                const width = Math.max(0.5, Math.min(this.x(end), this.width + 10) - x);
                const most = height - 4;
                const high = count === 1 || end <= start ? most : Math.max(2, Math.round(most * busy / (end - start) / 2) * 2);
                context.fillRect(x, y + (height - high) / 2, width, high);
            });
            context.fillStyle = colors.light;
            merged(lane.inner, from, to, now, pixel, 8 * pixel, (start, end) => {
                context.fillRect(this.x(start), y + height - 6, Math.max(0.5, this.x(end) - this.x(start)), 3);
            });

            context.textAlign = 'center';
            for (const [x, width, text] of labels) {
                // The number of a bar stands in the middle of its visible part.
                const start = Math.max(x, PAD);
                const end = Math.min(x + width, this.width - PAD);
                if (end - start < 8 * text.length + 4) continue;
                const middle = (start + end) / 2;
                const held = onHold(middle);
                if (!held) {
                    context.strokeStyle = colors.fill;
                    context.lineWidth = 4;
                    context.lineJoin = 'round';
                    context.strokeText(text, middle, y + height / 2 + 1);
                    context.lineWidth = 1;
                }
                context.fillStyle = held ? colors.light : colors.on;
                context.fillText(text, middle, y + height / 2 + 1);
            }
            this.drawEvents(context, ink, lane, y);
            if (lane.died) {
                const x = this.x(lane.ended);
                context.strokeStyle = ink.text;
                context.lineWidth = 3;
                context.beginPath();
                for (const side of [-5, 5]) {
                    context.moveTo(x - side, y + height / 2 - 5);
                    context.lineTo(x + side, y + height / 2 + 5);
                }
                context.stroke();
                context.lineWidth = 1;
            }
        }

        // Events of one lane: a triangle where the worker puts a job or takes it again, a diamond where it notifies or its
        // connection changes.
        drawEvents(context, ink, lane, y) {
            context.fillStyle = ink.text;
            let last = -Infinity;
            for (const record of lane.events) {
                const x = this.x(record.at);
                if (RESOURCES[record.of]?.all || x - last < 6 || x < 0 || x > this.width) continue;
                last = x;
                context.beginPath();
                if (EVENTS[record.event]?.mark === 'put') {
                    context.moveTo(x - 5, y - 3);
                    context.lineTo(x + 5, y - 3);
                    context.lineTo(x, y + 5);
                } else {
                    context.moveTo(x, y - 5);
                    context.lineTo(x + 5, y);
                    context.lineTo(x, y + 5);
                    context.lineTo(x - 5, y);
                }
                context.fill();
            }
        }

        line(context, x, top, bottom, dash, width) {
            context.setLineDash(dash);
            context.lineWidth = width;
            context.beginPath();
            context.moveTo(x, top);
            context.lineTo(x, bottom);
            context.stroke();
            context.setLineDash([]);
            context.lineWidth = 1;
        }

        // Events that concern every worker: lines across all lanes.
        drawSignals(context, ink) {
            context.strokeStyle = ink.text;
            for (const { at } of this.trace.signals) {
                this.line(context, this.x(at), this.top, this.height - AXIS + 4, [], 2);
            }
        }

        drawMarks(context, ink) {
            context.strokeStyle = context.fillStyle = ink.text;
            const marks = this.placed();
            const bottom = row => this.top - MARK * row;
            for (const { at, dash, row } of marks) this.line(context, this.x(at), bottom(row) - 2, this.height - AXIS + 4, dash, 1.5);
            for (const { at, text, row, left, width } of marks) {
                // The line of another mark would make the label hard to read.
                context.clearRect(left - 3, bottom(row) - MARK + 1, width + 6, MARK - 3);
                this.label(context, text, this.x(at), bottom(row) - 10);
            }
        }

        // The time under the pointer, in every panel, and the selected bar.
        drawCursor(context, ink) {
            const { cursor, picked } = this.timeline;
            context.strokeStyle = ink.text;
            if (cursor !== null) {
                context.globalAlpha = 0.6;
                this.line(context, this.x(cursor), this.top, this.height - AXIS + 4, [], 1);
                context.globalAlpha = 1;
            }
            if (picked?.panel === this) {
                const { lane, bars } = picked;
                const x = Math.max(this.x(bars[0].from), PAD - 2);
                const right = Math.min(this.x(Math.min(bars[bars.length - 1].to, this.now)), this.width - PAD + 2);
                context.lineWidth = 2.5;
                context.strokeRect(x - 2, this.y(lane.number) - 2.5, Math.max(3, right - x) + 4, this.bar + 5);
                context.lineWidth = 1;
            }
        }

        // The lane and the bars at a point. Holds take precedence over jobs, and jobs over waits.
        find(x, y) {
            const lane = this.trace.lanes[Math.floor((y - this.top) / this.pitch)];
            if (!lane || lane.number >= this.lanes || y < this.top) return null;
            const at = this.at(x);
            const { pixel, now } = this;
            for (const bars of [lane.holds, lane.jobs, lane.waits]) {
                const index = first(bars, at - pixel);
                if (index >= bars.length || bars[index].from > at + pixel) continue;
                let end = index + 1;
                while (end < bars.length && bars[end].from <= at + pixel && bars[end].resource === bars[index].resource) end += 1;
                const best = bars.slice(index, end).find(bar => bar.from <= at && bar.to >= at && Math.min(bar.to, now) - bar.from >= pixel);
                return { panel: this, lane, bars: best ? [best] : bars.slice(index, end) };
            }
            return null;
        }
    }

    return { Panel, Ink };
})();
