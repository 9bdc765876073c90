// What a run says in words, beside its picture: the log, and the summary of one run or of several, side by side.
'use strict';

const LabTold = (() => {
    const { THINGS, brief, counted, percent, bytes } = LabStory;
    const { make } = LabForm;
    // How many workers the summary has a line for.
    const LINES = 8;

    // The log has as many elements as lines can be seen, however many records there are.
    class Log {
        constructor() {
            this.text = make('pre', { class: 'lab-lines' });
            this.space = make('div', { class: 'lab-space' }, this.text);
            this.element = make('div', { class: 'lab-log', tabindex: '0', role: 'region', 'aria-label': 'Log' }, this.space);
            this.story = null;
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

        show(story) {
            if (this.story === story) return;
            this.story = story;
            this.count = -1;
            this.marked = null;
            // A run that goes on is followed; one that is over is read from its beginning.
            this.follow = !story.over;
            this.update();
            if (!this.follow) this.element.scrollTop = 0;
        }

        get height() { return this.line ||= parseFloat(getComputedStyle(this.text).lineHeight) || 18; }

        // There may be more records.
        update() {
            if (!this.story || !this.element.clientHeight) return;
            const { length } = this.story.records;
            if (length === this.count) return;
            this.count = length;
            this.space.style.height = `${length * this.height}px`;
            if (this.follow) this.element.scrollTop = this.element.scrollHeight;
            this.draw();
        }

        draw() {
            if (!this.story) return;
            const { records } = this.story;
            const start = Math.max(0, Math.floor(this.element.scrollTop / this.height) - 1);
            const end = Math.min(records.length, start + Math.ceil(this.element.clientHeight / this.height) + 3);
            this.text.style.transform = `translateY(${start * this.height}px)`;
            this.text.replaceChildren(...records.slice(start, end).map((record, index) => {
                const line = make('span', { class: this.marked === start + index ? 'is-marked' : null }, this.story.line(record));
                return line;
            }).flatMap(line => [line, '\n']));
        }

        // Shows what was said at a moment.
        goTo(at) {
            const { records } = this.story;
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

    // The summaries of runs, a column each. What is not known yet is left out.
    function summary(runs) {
        const stories = runs.map(run => run.story);
        const figure = (head, of) => row(head, stories.map(story => story.summary ? of(story.summary, story) : '…'));
        const rows = [
            figure('jobs', it => `${it.completed} of ${it.jobs}${it.lost ? `, ${it.lost} lost` : ''}`),
            figure('last job done', (_, story) => story.lastDone ? `${story.lastDone.toFixed(3)} s` : 'none'),
            figure('wall time', it => `${it.wall_seconds.toFixed(3)} s`),
            figure('CPU time', it => `${it.cpu_seconds.toFixed(3)} s, ${percent(it.cpu_seconds, it.wall_seconds)}`),
            figure('peak memory', it => bytes(it.peak_rss_bytes)),
            figure('seed', it => `${it.seed}`),
        ];
        for (const thing of new Set(stories.flatMap(story => [...story.things.hold]))) {
            rows.push(figure(`held ${THINGS[thing].hold}`, (_, story) => {
                const { count, median } = story.holds(thing);
                return count ? `${count} ×, median ${brief(median)}` : 'never';
            }));
        }
        const most = Math.max(...stories.map(story => story.summary?.workers.length ?? 0));
        for (let number = 0; number < Math.min(most, LINES); number += 1) {
            rows.push(figure(`worker-${number + 1}`, it => {
                const worker = it.workers[number];
                return worker ? `${counted(worker.completed, 'job')}, ${worker.busy_seconds.toFixed(3)} s` : '';
            }));
        }
        const heads = runs.map(run => make('th', { scope: 'col' }, run.name));
        const table = make('table', { class: 'lab-summary' },
            make('thead', {}, make('tr', {}, make('td'), ...heads)), make('tbody', {}, ...rows));
        const more = most > LINES ? [make('p', { class: 'lab-note' }, `And ${counted(most - LINES, 'more worker')}.`)] : [];
        return [table, ...more];
    }

    // What the bars of some runs mean.
    function legend(stories) {
        const entries = [];
        const entry = (kind, text, model) => entries.push(make('span', { class: `lab-key ${model ?? ''}-key` },
            make('i', { class: `lab-sample is-${kind}`, 'aria-hidden': 'true' }), text));
        const union = kind => [...new Set(stories.flatMap(story => [...story.things[kind]]))];
        const models = [...new Set(stories.map(story => story.model))];
        const turns = stories.some(story => story.turns);
        for (const model of models) {
            if (stories.some(story => story.model === model && !story.turns)) {
                entry('job', models.length > 1 ? `a job (${model})` : 'a job', model);
            }
        }
        const [model] = models;
        if (turns) {
            entry('hold', 'holds the GIL', model);
            entry('begun', 'has a job, not the GIL', model);
        }
        for (const thing of union('hold')) if (thing !== 'gil') entry('hold', `holds ${THINGS[thing].hold}`, model);
        if (stories.some(story => story.again)) entry('again', 'holds it again', model);
        const waits = union('wait');
        waits.forEach((thing, index) => entry(`wait-${index % 4}`, `waits ${THINGS[thing].wait}`));
        if (stories.some(story => !story.tells)) entry('wait-0', 'waiting');
        for (const deed of union('deed')) {
            if (deed === 'put') entry('put', 'puts a job');
            else entry(THINGS[deed].all ? 'signal' : 'notify', THINGS[deed].signal);
        }
        if (stories.some(story => story.lanes.some(lane => lane?.died))) entry('death', 'died');
        return entries;
    }

    return { Log, summary, legend };
})();
