// The time axis that the runs of a lab share: which part of it is in the picture, and what a reader looks at there, by
// pointer, by touch and by keyboard.
'use strict';

const LabAxis = (() => {
    const { Panel, Ink } = LabTimeline;
    // The shortest time that fills a picture, and by what a key or a button zooms.
    const SHORTEST = 2e-6;
    const STEP = 1.6;
    const KINDS = ['jobs', 'holds', 'waits'];

    // Whatever has to be drawn is drawn once, before the next frame is shown.
    class Axis {
        // `say(text, spoken)` tells what is looked at; `pick(panel, at)` is called where somebody points at a moment.
        constructor(element, say, pick) {
            Object.assign(this, { element, say, pick });
            this.panels = [];
            this.view = null;
            this.cursor = null;
            this.picked = null;
            this.pointers = new Map();
            this.pending = false;
            this.frames = null;
            this.ink = new Ink(element);
            new ResizeObserver(() => this.redraw()).observe(element);
        }

        // The colours of the page have changed.
        repaint() {
            this.ink = new Ink(this.element);
            this.redraw();
        }

        add(story, clock) { return new Panel(this, story, clock); }

        show(panels) {
            this.panels = panels;
            if (!panels.includes(this.picked?.panel)) this.picked = null;
            this.redraw();
        }

        get end() { return Math.max(SHORTEST, ...this.panels.map(panel => panel.length)); }
        get span() { return this.view ?? [0, this.end]; }

        // Draws before the next frame: everything, or what has changed with time.
        redraw(everything = true) {
            this.everything ||= everything;
            if (this.pending) return;
            this.pending = true;
            requestAnimationFrame(() => this.frame());
        }

        frame() {
            const { everything } = this;
            this.pending = this.everything = false;
            if (this.ink.ratio !== devicePixelRatio) this.ink = new Ink(this.element);
            for (const panel of this.panels) if (everything || panel.changed) panel.draw();
            this.onframe?.();
            if (this.panels.some(panel => panel.clock && !panel.story.over)) this.redraw(false);
        }

        // Shows the part of the axis from `from` to `to`, as far as there is one; all of it, if that is all.
        look(from, to) {
            const { end } = this;
            const length = Math.min(Math.max(to - from, SHORTEST), end);
            const start = Math.min(Math.max(from, 0), end - length);
            this.view = length >= end * 0.999 ? null : [start, start + length];
            this.onlook?.();
            this.redraw();
        }

        zoom(factor, at = (this.span[0] + this.span[1]) / 2) {
            const [from, to] = this.span;
            this.look(at - (at - from) / factor, at + (to - at) / factor);
        }

        pan(share) {
            const [from, to] = this.span;
            const by = share * (to - from);
            this.look(from + by, to + by);
        }

        whole() {
            this.look(0, Infinity);
        }

        listen(panel) {
            const { canvas } = panel;
            const on = (name, handle) => canvas.addEventListener(name, handle);
            on('pointerdown', event => this.press(panel, event));
            on('pointermove', event => this.move(panel, event));
            on('pointerup', event => this.release(panel, event));
            on('pointercancel', event => this.pointers.delete(event.pointerId));
            on('pointerleave', () => this.leave(panel));
            on('dblclick', event => this.zoom(event.shiftKey ? 1 / STEP ** 2 : STEP ** 2, panel.at(event.offsetX)));
            canvas.addEventListener('wheel', event => this.wheel(panel, event), { passive: false });
            on('keydown', event => this.key(panel, event));
            on('focus', () => this.focus(panel));
            on('blur', () => this.leave(panel));
        }

        focus(panel) {
            if (!panel.canvas.matches(':focus-visible')) return;
            this.say('Arrow keys go from bar to bar, + and − zoom, 0 shows the whole run.', false);
        }

        leave(panel) {
            this.cursor = null;
            if (this.picked?.panel === panel && document.activeElement !== panel.canvas) {
                this.picked = null;
                this.say('', false);
            }
            this.redraw();
        }

        press(panel, event) {
            if (event.button) return;
            panel.canvas.setPointerCapture(event.pointerId);
            this.pointers.set(event.pointerId, { x: event.offsetX, start: event.offsetX, at: panel.at(event.offsetX), moved: false });
        }

        move(panel, event) {
            const pointer = this.pointers.get(event.pointerId);
            if (!pointer) {
                this.hover(panel, event.offsetX, event.offsetY);
                return;
            }
            pointer.x = event.offsetX;
            pointer.moved ||= Math.abs(pointer.x - pointer.start) > 4;
            const [one, two] = this.pointers.values();
            if (two) this.pinch(panel, one, two);
            else if (pointer.moved && this.view) {
                this.cursor = null;
                const by = pointer.at - panel.at(pointer.x);
                this.look(this.view[0] + by, this.view[1] + by);
            }
        }

        // What was under two fingers stays under them.
        pinch(panel, one, two) {
            if (Math.abs(two.x - one.x) < 8 || one.at === two.at) return;
            const width = panel.at(1) - panel.at(0);
            const pixel = Math.abs((two.at - one.at) / (two.x - one.x));
            const [from, to] = this.span;
            const start = one.at - (one.x - (panel.x(from))) * pixel;
            one.moved = two.moved = true;
            this.look(start, start + (to - from) * pixel / width);
        }

        release(panel, event) {
            const pointer = this.pointers.get(event.pointerId);
            this.pointers.delete(event.pointerId);
            if (!pointer || pointer.moved) return;
            this.hover(panel, event.offsetX, event.offsetY);
            this.pick(panel, panel.at(event.offsetX));
        }

        hover(panel, x, y) {
            this.cursor = panel.at(x);
            const found = panel.find(x, y);
            if (found || document.activeElement !== panel.canvas) this.picked = found;
            this.say(found ? panel.story.about(found.lane, found.bars, panel.now) : '', false);
            this.redraw();
        }

        wheel(panel, event) {
            if (event.ctrlKey || event.metaKey) {
                event.preventDefault();
                const lines = event.deltaMode === 1 ? 16 : 1;
                this.zoom(Math.exp(-event.deltaY * lines / 200), panel.at(event.offsetX));
            } else if (this.view && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
                event.preventDefault();
                this.pan(event.deltaX / panel.width);
            }
        }

        key(panel, event) {
            if (event.altKey || event.ctrlKey || event.metaKey) return;
            const { key, shiftKey } = event;
            const middle = this.picked?.panel === panel ? this.middle(this.picked) : undefined;
            const keys = {
                ArrowLeft: () => shiftKey ? this.pan(-0.25) : this.step(panel, -1),
                ArrowRight: () => shiftKey ? this.pan(0.25) : this.step(panel, 1),
                ArrowUp: () => this.stepLane(panel, -1),
                ArrowDown: () => this.stepLane(panel, 1),
                '+': () => this.zoom(STEP, middle),
                '=': () => this.zoom(STEP, middle),
                '-': () => this.zoom(1 / STEP, middle),
                0: () => this.whole(),
                Home: () => this.step(panel, -Infinity),
                End: () => this.step(panel, Infinity),
                Enter: () => {
                    if (!this.picked) return;
                    const { from, to } = this.extent(this.picked);
                    this.look(from - (to - from) / 4, to + (to - from) / 4);
                    this.pick(panel, from);
                },
                Escape: () => this.select(null),
            };
            if (!Object.hasOwn(keys, key)) return;
            // The page does not scroll, and is not turned.
            event.preventDefault();
            keys[key]();
        }

        extent({ panel, bars }) {
            return { from: bars[0].from, to: Math.min(bars[bars.length - 1].to, panel.now) };
        }

        middle(picked) {
            const { from, to } = this.extent(picked);
            return (from + to) / 2;
        }

        // What can be told apart in a lane, in order of time: bars, and groups of bars that are too thin.
        things(panel, lane) {
            const { pixel } = panel;
            const things = [];
            for (const kind of KINDS) {
                const bars = lane[kind];
                for (let index = 0; index < bars.length;) {
                    let end = index + 1;
                    const thin = bar => Math.min(bar.to, panel.now) - bar.from < 2 * pixel;
                    if (thin(bars[index])) {
                        while (end < bars.length && thin(bars[end]) && bars[end].from - bars[end - 1].to < 2 * pixel) end += 1;
                    }
                    things.push({ panel, lane, bars: bars.slice(index, end) });
                    index = end;
                }
            }
            return things.sort((a, b) => a.bars[0].from - b.bars[0].from);
        }

        select(thing) {
            this.picked = thing;
            this.cursor = null;
            if (!thing) {
                this.say('', false);
                this.redraw();
                return;
            }
            const { panel, lane, bars } = thing;
            const { from, to } = this.extent(thing);
            const [start, end] = this.span;
            if (this.view && (to < start || from > end)) {
                const middle = (from + to) / 2;
                this.look(middle - (end - start) / 2, middle + (end - start) / 2);
            }
            this.say(panel.story.about(lane, bars, panel.now), true);
            this.redraw();
        }

        step(panel, by) {
            const current = this.picked?.panel === panel ? this.picked : null;
            const lane = current?.lane ?? panel.story.lanes.find(lane => lane);
            if (!lane) return;
            const things = this.things(panel, lane);
            if (!things.length) return;
            const at = current ? things.findIndex(thing => thing.bars.includes(current.bars[0])) : -1;
            const next = current ? at + by : by > 1 ? things.length : 0;
            this.select(things[Math.min(Math.max(next, 0), things.length - 1)]);
        }

        // The thing of another lane that is nearest in time.
        stepLane(panel, by) {
            const current = this.picked?.panel === panel ? this.picked : null;
            const { lanes } = panel.story;
            const at = current ? this.middle(current) : 0;
            for (let number = current ? current.lane.number + by : 0; number >= 0 && number < panel.lanes; number += by) {
                const things = lanes[number] ? this.things(panel, lanes[number]) : [];
                if (!things.length) continue;
                const distance = thing => {
                    const { from, to } = this.extent(thing);
                    return Math.max(from - at, at - to, 0);
                };
                this.select(things.reduce((best, thing) => distance(thing) < distance(best) ? thing : best));
                return;
            }
        }
    }

    return { Axis, STEP };
})();
