// The picture of runs, on a canvas each, above one another on one time axis: it grows while a run goes on, and can be
// zoomed, panned and asked what each bar is, by pointer and by keyboard. It looks like the figures of the book.
'use strict';

const LabTimeline = (() => {
    const { THINGS, rounded } = LabStory;
    // How many workers have a lane.
    const LANES = 40;
    // Free space at the left and the right of what is drawn, and below it, for the axis.
    const PAD = 10;
    const AXIS = 22;
    const MARK = 18;
    const FONT = '13px system-ui, sans-serif';
    // The stripes of waiting: each thing that workers wait for has its own.
    const TURNS = ['/', '\\', '-', '|'];
    const DASHES = { threads: [], processes: [5, 2], coroutines: [1, 1.5] };
    const SHORTEST = 1e-6;

    // The first of the bars that ends at or after `at`.
    function first(bars, at) {
        let [low, high] = [0, bars.length];
        while (low < high) {
            const middle = (low + high) >> 1;
            if (bars[middle].to < at) low = middle + 1; else high = middle;
        }
        return low;
    }

    // Calls `draw(from, to, index, count, busy)` for the bars between two times; neighbours shorter than `pixel` are one.
    function merged(bars, from, to, now, pixel, widest, draw) {
        let index = first(bars, from);
        while (index < bars.length && bars[index].from <= to) {
            const start = bars[index].from;
            let end = Math.min(bars[index].to, now);
            let [count, busy] = [1, end - start];
            if (busy < pixel) {
                for (let next; (next = bars[index + count]) && next.from <= to; count += 1) {
                    const length = Math.min(next.to, now) - next.from;
                    if (length >= pixel || next.from - end >= pixel || next.from - start >= widest || next.thing !== bars[index].thing) break;
                    end = next.from + length;
                    busy += length;
                }
            }
            draw(start, end, index, count, busy);
            index += count;
        }
    }

    // A round time, such that at most `most` of it make `length`.
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

    // What is drawn, in the colours of the page.
    class Ink {
        constructor(element) {
            this.ratio = devicePixelRatio || 1;
            const style = getComputedStyle(element);
            this.text = style.color;
            this.model = {};
            for (const model of ['threads', 'processes', 'coroutines']) {
                const shade = name => style.getPropertyValue(name).trim();
                this.model[model] = {
                    fill: shade(`--${model}`), on: shade(`--on-${model}`),
                    light: shade(`--${model}-light`), dark: shade(`--${model}-dark`),
                };
            }
            this.patterns = new Map();
        }

        // Stripes, in a colour, on a ground or none.
        stripes(context, turn, colour, alpha, ground) {
            const key = [turn, colour, ground].join();
            if (!this.patterns.has(key)) {
                const size = Math.round(7 * this.ratio);
                const tile = document.createElement('canvas');
                tile.width = tile.height = size;
                const ink = tile.getContext('2d');
                if (ground) {
                    ink.fillStyle = ground;
                    ink.fillRect(0, 0, size, size);
                }
                ink.strokeStyle = colour;
                ink.globalAlpha = alpha;
                ink.lineWidth = this.ratio;
                ink.beginPath();
                for (const shift of [-size, 0, size]) {
                    if (turn === '/') { ink.moveTo(shift, size); ink.lineTo(shift + size, 0); }
                    if (turn === '\\') { ink.moveTo(shift, 0); ink.lineTo(shift + size, size); }
                }
                if (turn === '-') { ink.moveTo(0, size / 2); ink.lineTo(size, size / 2); }
                if (turn === '|') { ink.moveTo(size / 2, 0); ink.lineTo(size / 2, size); }
                ink.stroke();
                const pattern = context.createPattern(tile, 'repeat');
                pattern.setTransform(new DOMMatrix().scale(1 / this.ratio));
                this.patterns.set(key, pattern);
            }
            return this.patterns.get(key);
        }
    }

    // One run in a timeline: a canvas, and its lanes' names beside it.
    class Panel {
        constructor(timeline, story, clock) {
            this.timeline = timeline;
            this.story = story;
            // What time it is in the run, while it goes on.
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
            const { story } = this;
            if (story.over) return story.end;
            return this.clock ? Math.max(this.clock(), story.end) : story.end;
        }

        // How long the axis must be at least.
        get length() {
            const { story, now } = this;
            if (story.over) return Math.max(story.end, SHORTEST);
            return Math.max(this.expected ?? 0, story.deadline ? 1.02 * story.deadline : 0, 1.06 * now, 0.1);
        }

        get marks() {
            const { story } = this;
            const marks = [];
            const { deadline } = story;
            if (deadline !== null && (deadline <= story.end || !story.over)) {
                marks.push({ at: deadline, label: 'deadline', dash: [6, 4] });
            }
            const near = deadline !== null && Math.abs(story.stopping - deadline) <= Math.max(story.end, deadline) / 100;
            if (story.stopping !== null && !near) marks.push({ at: story.stopping, label: 'stopping', dash: [2, 3] });
            return marks;
        }

        // Gives each worker a lane, as high as there is room for.
        layout() {
            const lanes = Math.max(1, Math.min(this.story.workers, LANES));
            const top = this.marks.length ? MARK : 4;
            const width = this.canvas.clientWidth;
            const { ratio } = this.timeline.ink;
            if (lanes === this.lanes && top === this.top && width === this.width && ratio === this.ratio) return;
            [this.pitch, this.bar] = lanes <= 12 ? [26, 20] : [17, 14];
            Object.assign(this, { top, width, ratio });
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

        // Whether it would look different now than when it was drawn: by new records, another axis, or half a pixel of time.
        get changed() {
            const { drawn, now, story } = this;
            const [from, to] = this.timeline.span;
            return !drawn || drawn.records !== story.records.length || drawn.from !== from || drawn.to !== to
                || now - drawn.now > this.pixel / 2 || drawn.over !== story.over;
        }

        draw() {
            this.layout();
            const [from, to] = this.timeline.span;
            this.drawn = { records: this.story.records.length, from, to, now: this.now, over: this.story.over };
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
                const lane = this.story.lanes[number];
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

        // A text in the middle of `x`, or as near to it as it fits.
        label(context, text, x, y) {
            const half = context.measureText(text).width / 2;
            context.textAlign = 'center';
            context.fillText(text, Math.min(Math.max(x, half + 1), this.width - half - 1), y);
        }

        drawLane(context, ink, lane, now) {
            const { story, bar: height, pixel } = this;
            const [from, to] = this.timeline.span;
            const y = this.y(lane.number);
            const colours = ink.model[story.model];
            const dash = DASHES[story.model];
            const left = Math.max(this.x(lane.began), -10);
            const right = Math.min(this.x(lane.ended ?? now), this.width + 10);
            if (right > left) {
                if (!story.tells) {
                    context.fillStyle = ink.stripes(context, '/', ink.text, 0.55);
                    context.fillRect(left, y, right - left, height);
                }
                context.strokeStyle = ink.text;
                context.globalAlpha = 0.3;
                context.strokeRect(left + 0.5, y + 0.5, Math.max(0, right - left - 1), height - 1);
                context.globalAlpha = 1;
            }
            const things = [...story.things.wait];
            merged(lane.waits, from, to, now, pixel, Infinity, (start, end, index) => {
                const width = this.x(end) - this.x(start);
                if (width < 0.25) return;
                const turn = TURNS[Math.max(0, things.indexOf(lane.waits[index].thing)) % TURNS.length];
                context.fillStyle = ink.stripes(context, turn, ink.text, 0.55);
                context.fillRect(this.x(start), y, width, height);
            });

            const labels = [];
            merged(lane.jobs, from, to, now, pixel, Infinity, (start, end, index, count) => {
                const x = Math.max(this.x(start), -10);
                const width = Math.max(1, Math.min(this.x(end), this.width + 10) - x);
                context.fillStyle = story.turns ? ink.stripes(context, '/', colours.fill, 0.7, colours.light) : colours.fill;
                if (width < 3) {
                    context.fillRect(x, y, width, height);
                    return;
                }
                context.beginPath();
                const corner = story.model === 'coroutines' ? Math.min(6, width / 2) : 0;
                context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, corner);
                context.fill();
                context.strokeStyle = ink.text;
                context.setLineDash(dash);
                context.stroke();
                context.setLineDash([]);
                const text = count === 1 ? `${lane.jobs[index].job.number}` : `${count} jobs`;
                if (width >= 8 * text.length + 4) labels.push([x, width, text]);
            });

            // Several holds that are drawn as one are as high as the share of the time that they take.
            const onHold = x => {
                const at = this.at(x);
                const hold = lane.holds[first(lane.holds, at)];
                return !story.turns && hold && hold.from <= at;
            };
            context.fillStyle = colours.dark;
            merged(lane.holds, from, to, now, pixel, 8 * pixel, (start, end, _, count, busy) => {
                const x = Math.max(this.x(start), -10);
                const width = Math.max(0.5, Math.min(this.x(end), this.width + 10) - x);
                const most = height - 4;
                const high = count === 1 || end <= start ? most : Math.max(2, Math.round(most * busy / (end - start) / 2) * 2);
                context.fillRect(x, y + (height - high) / 2, width, high);
            });
            context.fillStyle = colours.light;
            merged(lane.inner, from, to, now, pixel, 8 * pixel, (start, end) => {
                context.fillRect(this.x(start), y + height - 6, Math.max(0.5, this.x(end) - this.x(start)), 3);
            });

            context.textAlign = 'center';
            for (const [x, width, text] of labels) {
                // Where only a part of a bar is in the picture, its number is in the middle of that.
                const start = Math.max(x, PAD);
                const end = Math.min(x + width, this.width - PAD);
                if (end - start < 8 * text.length + 4) continue;
                const middle = (start + end) / 2;
                const held = onHold(middle);
                if (!held) {
                    context.strokeStyle = colours.fill;
                    context.lineWidth = 4;
                    context.lineJoin = 'round';
                    context.strokeText(text, middle, y + height / 2 + 1);
                    context.lineWidth = 1;
                }
                context.fillStyle = held ? colours.light : colours.on;
                context.fillText(text, middle, y + height / 2 + 1);
            }
            this.drawDeeds(context, ink, lane, y);
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

        // What a worker did for others: a triangle where it puts a job, a diamond where it notifies.
        drawDeeds(context, ink, lane, y) {
            context.fillStyle = ink.text;
            let last = -Infinity;
            for (const record of lane.deeds) {
                const x = this.x(record.at);
                if (THINGS[record.of]?.all || x - last < 6 || x < 0 || x > this.width) continue;
                last = x;
                context.beginPath();
                if (record.event === 'job_put') {
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

        // What somebody did for all: lines across all lanes.
        drawSignals(context, ink) {
            context.strokeStyle = ink.text;
            for (const { at } of this.story.signals) {
                this.line(context, this.x(at), this.top, this.height - AXIS + 4, [], 2);
            }
        }

        drawMarks(context, ink) {
            const [from, to] = this.timeline.span;
            context.strokeStyle = context.fillStyle = ink.text;
            for (const { at, label, dash } of this.marks) {
                if (at < from || at > to) continue;
                const x = this.x(at);
                this.line(context, x, this.top - 2, this.height - AXIS + 4, dash, 1.5);
                this.label(context, `${label}: ${+at.toFixed(3)} s`, x, this.top - 10);
            }
        }

        // The moment at the pointer, in all panels, and the bar that is looked at.
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

        // The lane and the bars at a place: what is held, else what is done, else what is waited for.
        find(x, y) {
            const lane = this.story.lanes[Math.floor((y - this.top) / this.pitch)];
            if (!lane || lane.number >= this.lanes || y < this.top) return null;
            const at = this.at(x);
            const { pixel, now } = this;
            for (const bars of [lane.holds, lane.jobs, lane.waits]) {
                const index = first(bars, at - pixel);
                if (index >= bars.length || bars[index].from > at + pixel) continue;
                let end = index + 1;
                while (end < bars.length && bars[end].from <= at + pixel && bars[end].thing === bars[index].thing) end += 1;
                const best = bars.slice(index, end).find(bar => bar.from <= at && bar.to >= at && Math.min(bar.to, now) - bar.from >= pixel);
                return { panel: this, lane, bars: best ? [best] : bars.slice(index, end) };
            }
            return null;
        }
    }

    return { Panel, Ink };
})();
