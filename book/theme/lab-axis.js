// The time axis that the runs of a lab share: zooming, panning and selecting bars by pointer, touch and keyboard.
'use strict';

const LabAxis = (() => {
    const { Panel, Ink } = LabTimeline;
    // The shortest visible time, and the zoom factor of a key or a button.
    const SHORTEST = 2e-6;
    const STEP = 1.6;
    const KINDS = ['jobs', 'holds', 'waits'];

    // Collects requests to redraw and draws once per frame.
    class Axis {
        // Calls `say(text, spoken)` with a description of the selection, and `pick(panel, at)` for a click at a time.
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

        // Draws with the colors of the current theme.
        repaint() {
            this.ink = new Ink(this.element);
            this.redraw();
        }

        add(trace, clock) { return new Panel(this, trace, clock); }

        show(panels) {
            this.panels = panels;
            if (!panels.includes(this.picked?.panel)) this.picked = null;
            this.redraw();
        }

        get end() { return Math.max(SHORTEST, ...this.panels.map(panel => panel.length)); }
        get span() { return this.view ?? [0, this.end]; }

        // Schedules a redraw of everything, or only of the panels that have changed.
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
            if (this.panels.some(panel => panel.clock && !panel.trace.over)) this.redraw(false);
        }

        // Shows the axis from `from` to `to`, within its bounds.
        zoomTo(from, to) {
            const { end } = this;
            const length = Math.min(Math.max(to - from, SHORTEST), end);
            const start = Math.min(Math.max(from, 0), end - length);
            this.view = length >= end * 0.999 ? null : [start, start + length];
            this.onzoom?.();
            this.redraw();
        }

        zoom(factor, at = (this.span[0] + this.span[1]) / 2) {
            const [from, to] = this.span;
            this.zoomTo(at - (at - from) / factor, at + (to - at) / factor);
        }

        pan(share) {
            const [from, to] = this.span;
            const by = share * (to - from);
            this.zoomTo(from + by, to + by);
        }

        whole() {
            this.zoomTo(0, Infinity);
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
                this.zoomTo(this.view[0] + by, this.view[1] + by);
            }
        }

        // Zooms so that the times under two fingers stay under them.
        pinch(panel, one, two) {
            if (Math.abs(two.x - one.x) < 8 || one.at === two.at) return;
            const width = panel.at(1) - panel.at(0);
            const pixel = Math.abs((two.at - one.at) / (two.x - one.x));
            const [from, to] = this.span;
            const start = one.at - (one.x - (panel.x(from))) * pixel;
            one.moved = two.moved = true;
            this.zoomTo(start, start + (to - from) * pixel / width);
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
            this.say(found ? panel.trace.about(found.lane, found.bars, panel.now) : '', false);
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
                    this.zoomTo(from - (to - from) / 4, to + (to - from) / 4);
                    this.pick(panel, from);
                },
                Escape: () => this.select(null),
            };
            if (!Object.hasOwn(keys, key)) return;
            // Keeps the page from scrolling or turning.
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

        // The selectable items of a lane in order of time: bars, and groups of bars that are too thin to select one by one.
        groups(panel, lane) {
            const { pixel } = panel;
            const groups = [];
            for (const kind of KINDS) {
                const bars = lane[kind];
                for (let index = 0; index < bars.length;) {
                    let end = index + 1;
                    const thin = bar => Math.min(bar.to, panel.now) - bar.from < 2 * pixel;
                    if (thin(bars[index])) {
                        while (end < bars.length && thin(bars[end]) && bars[end].from - bars[end - 1].to < 2 * pixel) end += 1;
                    }
                    groups.push({ panel, lane, bars: bars.slice(index, end) });
                    index = end;
                }
            }
            return groups.sort((a, b) => a.bars[0].from - b.bars[0].from);
        }

        select(group) {
            this.picked = group;
            this.cursor = null;
            if (!group) {
                this.say('', false);
                this.redraw();
                return;
            }
            const { panel, lane, bars } = group;
            const { from, to } = this.extent(group);
            const [start, end] = this.span;
            if (this.view && (to < start || from > end)) {
                const middle = (from + to) / 2;
                this.zoomTo(middle - (end - start) / 2, middle + (end - start) / 2);
            }
            this.say(panel.trace.about(lane, bars, panel.now), true);
            this.redraw();
        }

        step(panel, by) {
            const current = this.picked?.panel === panel ? this.picked : null;
            const lane = current?.lane ?? panel.trace.lanes.find(lane => lane);
            if (!lane) return;
            const groups = this.groups(panel, lane);
            if (!groups.length) return;
            const at = current ? groups.findIndex(group => group.bars.includes(current.bars[0])) : -1;
            const next = current ? at + by : by > 1 ? groups.length : 0;
            this.select(groups[Math.min(Math.max(next, 0), groups.length - 1)]);
        }

        // Selects the group of the next lane that is nearest in time.
        stepLane(panel, by) {
            const current = this.picked?.panel === panel ? this.picked : null;
            const { lanes } = panel.trace;
            const at = current ? this.middle(current) : 0;
            for (let number = current ? current.lane.number + by : 0; number >= 0 && number < panel.lanes; number += by) {
                const groups = lanes[number] ? this.groups(panel, lanes[number]) : [];
                if (!groups.length) continue;
                const distance = group => {
                    const { from, to } = this.extent(group);
                    return Math.max(from - at, at - to, 0);
                };
                this.select(groups.reduce((best, group) => distance(group) < distance(best) ? group : best));
                return;
            }
        }
    }

    return { Axis, STEP };
})();
