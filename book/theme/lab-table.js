// The lab of the comparison: bars for the measurements on this machine, with the recorded figures beside them.
'use strict';

const LabTable = (() => {
    const { formatShort, formatBytes, formatTime } = LabRun;
    const { make } = LabForm;
    const { Controls } = LabControls;

    // For each part its title, the figure that its bars show, and the format of that figure.
    const TIME = [row => row.wall_seconds, seconds => `${seconds.toFixed(3)} s`];
    const PARTS = {
        cpu: ['CPU-bound jobs: wall time', ...TIME],
        io: ['I/O-bound jobs: wall time', ...TIME],
        mixed: ['CPU-bound and I/O-bound jobs: wall time', ...TIME],
        empty: ['Empty jobs: overhead per job', row => row.seconds_per_job, formatShort],
        idle: ['Idle workers: memory per worker', row => row.bytes_per_worker, formatBytes],
        start: ['Workers that start and stop immediately: time to start one', row => row.start_seconds, formatShort],
    };
    const key = row => [row.part, row.variant, row.workers].join();

    class Table {
        constructor(figure, labs, given) {
            this.recorded = new Map(LabRun.read(figure.querySelector('script').textContent).map(row => [key(row), row]));
            // The switch has the same name in all labs.
            const python = labs[given.lab].options.find(option => option.name === 'python');
            if (python) python.label = 'beside CPython';
            this.controls = new Controls(figure, labs, given, (plan, current) => this.start(plan, current));
            this.state = make('p', { class: 'lab-readout', role: 'status' });
            this.result = make('div', { class: 'lab-parts' });
            this.figure = figure;
            figure.prepend(make('div', { class: 'lab-box is-bare' }, this.controls.element, this.state, this.result));
            figure.classList.add('is-table');
        }

        async start([plan], current) {
            this.rows = [];
            this.result.replaceChildren();
            const since = performance.now();
            const showState = what => {
                const seconds = ((performance.now() - since) / 1000).toFixed(0);
                const text = `${what}, ${seconds} s. A part appears when all of its runs are over.`;
                if (this.state.textContent !== text) this.state.textContent = text;
            };
            showState('Measuring');
            const timer = setInterval(() => showState('Measuring'), 1000);
            const end = await this.controls.runOne(plan, current, row => {
                if (!row.part) return;
                this.figure.classList.add('has-run');
                this.rows.push(row);
                this.draw();
            });
            clearInterval(timer);
            const why = { stopped: 'Stopped', too_long: 'Stopped: a run may take 60 seconds. Choose a smaller one', failed: 'Failed' }[end?.why];
            this.state.textContent = `${why ?? (end ? 'Done' : 'Aborted')} after ${formatTime((performance.now() - since) / 1000, 1)}.`;
            if (end?.why === 'failed') this.controls.fail(end.error?.trim() || 'The run failed without an error message.');
        }

        draw() {
            const parts = [...new Set(this.rows.map(row => row.part))];
            this.result.replaceChildren(...parts.map(part => this.part(part, this.rows.filter(row => row.part === part))));
        }

        part(part, rows) {
            const [title, figure, format] = PARTS[part];
            const before = row => this.recorded.get(key(row));
            const compared = rows.some(before);
            const most = Math.max(...rows.map(row => figure(row) ?? 0), Number.MIN_VALUE);
            const groups = [...new Set(rows.map(row => row.workers))].sort((a, b) => a - b);
            const line = row => {
                const bar = make('span', { class: `lab-bar ${row.model}-key` });
                bar.style.width = `${100 * (figure(row) ?? 0) / most}%`;
                const recorded = before(row);
                return make('tr', {}, make('th', { scope: 'row' }, row.variant), make('td', { class: 'lab-long' }, bar),
                    make('td', {}, figure(row) === undefined ? '' : format(figure(row))),
                    ...compared ? [make('td', {}, recorded && figure(recorded) !== undefined ? format(figure(recorded)) : '')] : []);
            };
            const head = workers => make('tr', {}, make('th', { scope: 'colgroup', colspan: 2 }, `${LabRun.plural(workers, 'worker')}`),
                make('th', { scope: 'col' }, 'here'), ...compared ? [make('th', { scope: 'col' }, 'recorded')] : []);
            return make('table', { class: 'lab-rows' }, make('caption', {}, title),
                ...groups.map(workers => make('tbody', {}, head(workers), ...rows.filter(row => row.workers === workers).map(line))));
        }
    }

    return Table;
})();
