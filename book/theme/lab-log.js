// The text beside the picture of a run: its log, its summary (or the summaries of several runs side by side), and the legend.
'use strict';

const LabLog = (() => {
    const { RESOURCES, EVENTS, formatShort, plural, percent, formatBytes } = LabRun;
    const { make } = LabForm;
    // The number of workers with a row in the summary.
    const LINES = 8;
    // The shortest wall time, in seconds, of which the CPU time is shown as a share, as in `chapters/src/view/summary.rs`.
    const SHORTEST = 0.1;

    // Renders only the visible lines, however many records there are.
    class Log {
        constructor() {
            this.text = make('pre', { class: 'lab-lines' });
            this.space = make('div', { class: 'lab-space' }, this.text);
            this.element = make('div', { class: 'lab-log', tabindex: '0', role: 'region', 'aria-label': 'Log' }, this.space);
            this.trace = null;
            this.count = -1;
            this.follow = true;
            this.marked = null;
            this.element.addEventListener('scroll', () => {
                const { scrollTop, clientHeight, scrollHeight } = this.element;
                this.follow = scrollTop + clientHeight > scrollHeight - 2 * this.height;
                this.draw();
            });
            new ResizeObserver(() => { this.count = -1; this.update(); }).observe(this.element);
        }

        show(trace) {
            if (this.trace === trace) return;
            this.trace = trace;
            this.count = -1;
            this.marked = null;
            // The log of a running demo follows the newest line; that of a finished run starts at the top.
            this.follow = !trace.over;
            this.update();
            if (!this.follow) this.element.scrollTop = 0;
        }

        get height() { return this.line ||= parseFloat(getComputedStyle(this.text).lineHeight) || 18; }

        // Renders records that have arrived since the last call.
        update() {
            if (!this.trace || !this.element.clientHeight) return;
            const { length } = this.trace.records;
            if (length === this.count) return;
            this.count = length;
            this.space.style.height = `${length * this.height}px`;
            if (this.follow) this.element.scrollTop = this.element.scrollHeight;
            this.draw();
        }

        draw() {
            if (!this.trace) return;
            const { records } = this.trace;
            const start = Math.max(0, Math.floor(this.element.scrollTop / this.height) - 1);
            const end = Math.min(records.length, start + Math.ceil(this.element.clientHeight / this.height) + 3);
            this.text.style.transform = `translateY(${start * this.height}px)`;
            this.text.replaceChildren(...records.slice(start, end).map((record, index) => {
                const line = make('span', { class: this.marked === start + index ? 'is-marked' : null }, this.trace.line(record));
                return line;
            }).flatMap(line => [line, '\n']));
        }

        // Scrolls to the record at a time and highlights it.
        goTo(at) {
            const { records } = this.trace;
            let [low, high] = [0, records.length];
            while (low < high) {
                const middle = (low + high) >> 1;
                if (records[middle].at < at) low = middle + 1; else high = middle;
            }
            this.marked = Math.min(low, records.length - 1);
            this.follow = false;
            this.element.scrollTop = (this.marked + 0.5) * this.height - this.element.clientHeight / 2;
            this.draw();
        }
    }

    const row = (head, cells) => make('tr', {}, make('th', { scope: 'row' }, head), ...cells.map(cell => make('td', {}, cell)));

    // The summaries of some runs, one column each. Values that aren't known yet are shown as an ellipsis.
    function summary(runs) {
        const traces = runs.map(run => run.trace);
        const figure = (head, of) => row(head, traces.map(trace => trace.summary ? of(trace.summary, trace) : '…'));
        const rows = [
            figure('jobs', it => `${it.completed} of ${it.jobs}${it.lost ? `, ${it.lost} lost` : ''}`),
            figure('last job done', (_, trace) => trace.lastDone ? `${trace.lastDone.toFixed(3)} s` : 'none'),
            figure('wall time', it => `${it.wall_seconds.toFixed(3)} s`),
            figure('CPU time', it => {
                const share = it.wall_seconds >= SHORTEST ? `, ${percent(it.cpu_seconds, it.wall_seconds)}` : '';
                return `${it.cpu_seconds.toFixed(3)} s${share}`;
            }),
            figure('peak memory', it => formatBytes(it.peak_rss_bytes)),
            figure('seed', it => `${it.seed}`),
        ];
        if (traces.some(trace => trace.summary?.deliveries)) {
            const text = ({ redelivered, ignored }) => `${redelivered} repeated, ${plural(ignored, 'result')} ignored`;
            rows.splice(1, 0, figure('deliveries', it => it.deliveries ? text(it.deliveries) : ''));
        }
        for (const resource of new Set(traces.flatMap(trace => [...trace.resources.hold]))) {
            rows.push(figure(`held ${RESOURCES[resource].hold}`, (_, trace) => {
                const { count, median } = trace.holds(resource);
                if (trace.run?.interpreter) return 'not recorded';
                return count ? `${count} ×, median ${formatShort(median)}` : 'never';
            }));
        }
        const most = Math.max(...traces.map(trace => trace.summary?.workers.length ?? 0));
        for (let number = 0; number < Math.min(most, LINES); number += 1) {
            rows.push(figure(`worker-${number + 1}`, it => {
                const worker = it.workers[number];
                return worker ? `${plural(worker.completed, 'job')}, ${worker.busy_seconds.toFixed(3)} s` : '';
            }));
        }
        const heads = runs.map(run => make('th', { scope: 'col' }, run.name));
        const table = make('table', { class: 'lab-summary' },
            make('thead', {}, make('tr', {}, make('td'), ...heads)), make('tbody', {}, ...rows));
        const more = most > LINES ? [make('p', { class: 'lab-note' }, `And ${plural(most - LINES, 'more worker')}.`)] : [];
        return [table, ...more];
    }

    // The legend for the bars of some runs.
    function legend(traces) {
        const entries = [];
        const entry = (kind, text, model) => entries.push(make('span', { class: `lab-key ${model ?? ''}-key` },
            make('i', { class: `lab-sample is-${kind}`, 'aria-hidden': 'true' }), text));
        const union = kind => [...new Set(traces.flatMap(trace => [...trace.resources[kind]]))];
        const models = [...new Set(traces.map(trace => trace.model))];
        const usesGil = traces.some(trace => trace.usesGil);
        for (const model of models) {
            if (traces.some(trace => trace.model === model && !trace.usesGil)) {
                entry('job', models.length > 1 ? `a job (${model})` : 'a job', model);
            }
        }
        const [model] = models;
        if (usesGil) {
            entry('hold', 'holds the GIL', model);
            entry('begun', 'has a job, not the GIL', model);
        }
        for (const resource of union('hold')) if (resource !== 'gil') entry('hold', `holds ${RESOURCES[resource].hold}`, model);
        if (traces.some(trace => trace.reentered)) entry('again', 'holds it again', model);
        const waits = union('wait');
        waits.forEach((resource, index) => entry(`wait-${index % 4}`, `waits ${RESOURCES[resource].wait}`));
        if (traces.some(trace => !trace.reportsWaits)) entry('wait-0', 'waiting');
        const marks = union('event').map(event => EVENTS[event]
            ? [EVENTS[event].mark, EVENTS[event].legend]
            : [RESOURCES[event].all ? 'signal' : 'notify', RESOURCES[event].signal]);
        const isNew = ([, text], index) => marks.findIndex(([, other]) => other === text) === index;
        for (const [mark, text] of marks.filter(isNew)) entry(mark, text);
        if (traces.some(trace => trace.lanes.some(lane => lane?.died))) entry('death', 'died');
        return entries;
    }

    return { Log, summary, legend };
})();
