// Labs: figures that run. In the reading room a lab runs its demo on the reader's machine. Elsewhere it replays the recorded
// run. Without JavaScript it is a figure with the command to type.
//
// A lab is a `figure` with the class `lab`, the recorded run in a `script` and the command in its caption:
//
// | attribute | meaning |
// | --- | --- |
// | `data-controls` | the options that the reader can change on the page |
// | `data-start` | initial options of the live lab, in addition to those of the caption's command; an empty value removes an option |
// | `data-series` | several runs in sequence, separated by `;`: each names another lab or other options |
// | `data-recorded` | the figures of the page whose recorded runs are shown first; by default its own |
//
// A lab with a second recorded run, of `chapter-python`, has a switch *beside CPython*. With the switch on, the Python service
// runs after the demo, with the same options, and both are drawn on one axis. A replay shows the two recorded runs.
'use strict';

(() => {
    const { Trace, read, formatTime } = LabRun;
    const { make, parse } = LabForm;
    const { Controls, button, checkbox } = LabControls;
    const { Log, summary, legend } = LabLog;
    const { Axis, STEP } = LabAxis;

    // The recorded runs in a figure: that of its demo, and perhaps that of CPython.
    const recordedIn = figure => [...figure.querySelectorAll('script[type="application/x-ndjson"]')].map(script => read(script.textContent));
    // The arguments of a recorded run, without those for its picture.
    const argumentsOf = command => command.replace(/^.*? -- /, '').split(' ').filter(word => !/^--timeline/.test(word));
    const commandIn = figure => [...figure.querySelectorAll('figcaption code')].map(code => code.textContent).findLast(text => parse(text));

    // One run on the page, recorded or live.
    class RunView {
        constructor(lab, args, name) {
            this.trace = new Trace();
            this.args = args;
            this.name = name;
            this.tag = make('span', { class: 'lab-tag' }, name);
            this.code = make('code');
            this.state = make('span', { class: 'lab-state' });
            this.panel = lab.axis.add(this.trace, null);
            this.element = make('section', { class: 'lab-run', 'aria-label': name },
                make('p', { class: 'lab-head' }, this.tag, ' ', this.code, ' ', this.state), this.panel.element);
        }

        // Shows the arguments, in bold where another run's differ.
        differ(other) {
            this.code.replaceChildren(...this.args.flatMap(word =>
                [other && !other.args.includes(word) ? make('b', {}, word) : word, ' ']));
        }

        // Updates the time and the state.
        refresh() {
            const { trace, panel } = this;
            let text = panel.now < 0.1 ? formatTime(panel.now, panel.now) : `${panel.now.toFixed(3)} s`;
            if (this.why) text += `, ${this.why}`;
            else if (trace.summary?.lost) text += `, ${trace.summary.lost} lost`;
            if (this.state.textContent !== text) this.state.textContent = text;
            const { interpreter } = trace.run ?? {};
            const tag = interpreter ? `${this.name}: ${interpreter}` : this.name;
            if (this.tag.textContent !== tag) this.tag.textContent = tag;
            const name = trace.title();
            if (this.panel.canvas.getAttribute('aria-label') !== name) this.panel.canvas.setAttribute('aria-label', name);
        }
    }

    class Lab {
        constructor(figure) {
            this.figure = figure;
            this.runs = [];
            this.given = parse(commandIn(figure));
            this.build();
            this.record();
        }

        build() {
            this.readout = make('p', { class: 'lab-readout' });
            this.spoken = make('p', { class: 'lab-spoken', 'aria-live': 'polite' });
            this.keys = make('div', { class: 'lab-keys' });
            this.stage = make('div', { class: 'lab-stage' });
            this.log = new Log();
            this.sums = make('div', { class: 'lab-sums' });
            this.logOf = make('span', { class: 'lab-of' });
            this.details = make('details', { class: 'lab-details' }, make('summary', {}, 'Log and summary'),
                make('div', { class: 'lab-text' },
                    make('div', {}, make('p', { class: 'lab-title' }, 'Log', this.logOf), this.log.element),
                    make('div', {}, make('p', { class: 'lab-title' }, 'Summary'), this.sums)));
            this.details.addEventListener('toggle', () => this.refresh());
            this.go = button('Play', { class: 'lab-play' }, () => this.replay());
            this.zoom = make('div', { class: 'lab-zoom', role: 'group', 'aria-label': 'Zoom' },
                button('whole run', { class: 'lab-whole', title: 'Show the whole run (0)' }, () => this.axis.whole()),
                button('−', { 'aria-label': 'Zoom out', title: 'Zoom out (−)' }, () => this.axis.zoom(1 / STEP)),
                button('+', { 'aria-label': 'Zoom in', title: 'Zoom in (+)' }, () => this.axis.zoom(STEP)));
            this.box = make('div', { class: 'lab-box' },
                make('div', { class: 'lab-tools' }, this.go, this.keys, this.zoom), this.stage, this.readout, this.spoken, this.details);
            this.figure.prepend(this.box);
            this.figure.classList.add('is-on');
            this.axis = new Axis(this.box,
                (text, spoken) => {
                    this.readout.textContent = text;
                    if (spoken || !text) this.spoken.textContent = text;
                },
                (panel, at) => {
                    this.logged = this.runs.find(run => run.panel === panel);
                    this.refresh();
                    if (this.details.open) this.log.goTo(at);
                });
            this.axis.onframe = () => this.refresh();
            this.axis.onzoom = () => this.zoom.classList.toggle('is-zoomed', Boolean(this.axis.view));
        }

        // Reads the recorded runs: the figure's own, or those of the figures that it names.
        record() {
            const names = (this.figure.dataset.recorded ?? '').split(' ').filter(Boolean);
            const figures = names.map(name => document.getElementById(`figure-${name}`)?.closest('.lab')).filter(Boolean);
            const all = (figures.length ? figures : [this.figure]).map(recordedIn);
            const recording = records => {
                const { command } = records[0].recorded ?? { command: commandIn(this.figure) };
                return { command, records, args: argumentsOf(command), end: records[records.length - 1].at };
            };
            this.own = all.map(([records]) => recording(records));
            this.pythons = all.flatMap(([, ...records]) => records).map(recording);
            for (const python of this.pythons) python.args.unshift('chapter-python');
            this.recorded = this.own;
            if (this.pythons.length) {
                this.beside = checkbox('beside CPython', 'Show the same service in Python on the same time axis', false, () => this.besides());
                this.zoom.prepend(this.beside.label);
            }
            const [from, to] = (this.given.options['timeline-window'] ?? '').split('..').map(Number);
            this.show(this.recorded.map(it => this.viewOf(it)));
            if (to > from) this.axis.zoomTo(from, to);
        }

        // Shows the recorded runs with those of CPython, or without them.
        besides() {
            this.playing = null;
            this.label();
            this.recorded = this.beside.input.checked ? [...this.own, ...this.pythons] : this.own;
            this.show(this.recorded.map(it => this.viewOf(it)));
            this.axis.whole();
        }

        viewOf({ records, args, end }) {
            const run = new RunView(this, args, 'Recorded');
            const { date, machine, cores } = records[0].recorded ?? {};
            if (date) run.tag.title = `Recorded on ${date}. Machine: ${machine}, ${cores} cores.`;
            for (const record of records) run.trace.add(record);
            run.trace.close();
            run.panel.expected = end;
            return run;
        }

        // Shows some runs, one above the other.
        show(runs) {
            this.runs = runs;
            runs.forEach((run, index) => run.differ(runs.length > 1 ? runs[index ? 0 : 1] : null));
            this.stage.replaceChildren(...runs.map(run => run.element));
            if (!runs.includes(this.logged)) this.logged = runs[runs.length - 1];
            this.axis.show(runs.map(run => run.panel));
        }

        // Updates the text around the picture where it has changed.
        refresh() {
            for (const run of this.runs) run.refresh();
            const traces = this.runs.map(run => run.trace);
            const state = traces.map(trace => [trace.over, Boolean(trace.summary), trace.model, trace.reportsWaits, trace.usesGil, trace.reentered,
                ...Object.values(trace.resources).map(it => [...it]), trace.lanes.some(lane => lane?.died)].join()).join(';');
            const changed = state !== this.state;
            this.state = state;
            if (changed) {
                this.keys.replaceChildren(...legend(traces));
                for (const run of this.runs) {
                    run.panel.canvas.setAttribute('aria-description', run.trace.over ? run.trace.description() : 'In progress.');
                }
            }
            if (!this.details.open) return;
            if (changed || this.summed !== this.runs) this.sums.replaceChildren(...summary(this.runs));
            this.summed = this.runs;
            this.log.show(this.logged.trace);
            this.logOf.textContent = this.runs.length > 1 ? `: ${this.logged.name}` : '';
            this.log.update();
        }

        // Replays the recorded runs at their own speed, or pauses and resumes a replay.
        replay() {
            if (this.playing) {
                this.playing.paused = !this.playing.paused;
                if (!this.playing.paused) this.advance();
            } else {
                this.playing = { time: 0, paused: false, next: this.recorded.map(() => 0) };
                this.show(this.recorded.map(({ args, end }) => {
                    const run = new RunView(this, args, 'Recorded');
                    run.panel.expected = end;
                    run.panel.clock = () => this.playing?.time ?? end;
                    return run;
                }));
                this.advance();
            }
            this.label();
        }

        // Adds the records up to the current time of the replay.
        advance() {
            const { playing, runs } = this;
            const began = performance.now() / 1000 - playing.time;
            const tick = () => {
                if (playing.paused || playing !== this.playing) return;
                playing.time = performance.now() / 1000 - began;
                this.recorded.forEach(({ records, end }, index) => {
                    const { trace } = runs[index];
                    while (playing.next[index] < records.length && records[playing.next[index]].at <= playing.time) {
                        trace.add(records[playing.next[index]]);
                        playing.next[index] += 1;
                    }
                    if (playing.time >= end) trace.close();
                });
                this.axis.redraw(false);
                if (runs.every(run => run.trace.over)) {
                    this.playing = null;
                    this.label();
                } else requestAnimationFrame(tick);
            };
            tick();
        }

        label() {
            this.go.textContent = !this.playing ? 'Play' : this.playing.paused ? 'Resume' : 'Pause';
        }
    }

    // A lab in the reading room.
    class LiveLab extends Lab {
        constructor(figure, labs) {
            super(figure);
            this.count = 0;
            const command = labs.python && this.pythons.length ? this.pythons[0].command : null;
            this.controls = new Controls(figure, labs, this.given, (plan, current) => this.start(plan, current), command);
            this.beside?.label.remove();
            this.box.prepend(this.controls.element);
            this.go.remove();
            if (!this.controls.series.length) {
                const { label, input } = checkbox('compare', 'Show the previous run above the last one', true, () => this.compare());
                this.both = input;
                this.zoom.prepend(label);
            }
            this.labs = labs;
            this.axis.onlanes = panel => this.kills(panel);
            this.stage.classList.toggle('has-kills', this.controls.plan.some(asked => labs[asked.name].kills_workers));
            this.others = make('div', { class: 'lab-others', role: 'group', 'aria-label': 'Kill', hidden: true });
            this.keys.before(this.others);
        }

        // Runs the entries of a plan, one after another.
        async start(plan, current) {
            this.details.open = true;
            this.axis.whole();
            const [previous] = this.fresh ?? this.runs.slice(-1);
            this.before = plan.length > 1 || !previous ? [] : [previous];
            this.fresh = [];
            for (const asked of plan) {
                this.count += 1;
                const run = new RunView(this, asked.arguments, `Run ${this.count}`);
                run.tag.title = asked.command;
                run.lab = asked.name;
                this.fresh.push(run);
                this.logged = run;
                this.compare();
                const succeeded = await this.live(run, asked, current);
                // Without an interpreter, the message says so, and the demo's own run stays.
                if (!succeeded && asked.name === 'python' && !run.trace.records.length) {
                    this.fresh.pop();
                    this.logged = this.fresh.at(-1);
                    this.compare();
                }
                if (!succeeded || current.stopped) break;
            }
        }

        // Shows the last runs, alone or with the one before them.
        compare() {
            const fresh = this.fresh ?? this.runs.slice(-1);
            const before = this.fresh ? this.before : this.runs.slice(0, -1);
            this.show(this.both && !this.both.checked ? fresh : [...before, ...fresh]);
        }

        // Runs one demo and returns whether it succeeded.
        async live(run, asked, current) {
            const { trace, panel } = run;
            // When the service began to start, by the page's clock: the earliest estimate from its records.
            let origin = Infinity;
            const now = () => performance.now() / 1000;
            panel.clock = () => origin < Infinity ? now() - origin : 0;
            run.live = current;
            const lab = this.labs[asked.name];
            if (lab.compiles) run.why = 'starting; if it must be compiled first, this takes some minutes';
            const end = await this.controls.runOne(asked, current, line => {
                if (line.event) {
                    run.why = null;
                    trace.add(line);
                    origin = Math.min(origin, now() - line.at);
                }
                this.axis.redraw(false);
            });
            run.live = null;
            trace.close();
            run.why = { stopped: 'stopped', too_long: 'stopped after 60 seconds, the limit', too_many_records: 'stopped: too many records' }[end?.why]
                ?? (end ? null : 'aborted');
            // A run that lost a worker has failed, but it has a summary.
            const failed = end?.why === 'failed' && !trace.summary;
            if (failed) this.controls.fail(this.reason(asked, end));
            this.axis.redraw();
            this.spoken.textContent = trace.description();
            return Boolean(end) && !failed;
        }

        // Why a run failed.
        reason(asked, { error }) {
            const text = error?.trim() || 'The run failed without an error message.';
            return asked.name === 'python' ? `The service can't run in CPython on this machine. ${text}` : text;
        }

        // Whether a process of the run can be killed.
        isLive(run) {
            return Boolean(run?.live?.id) && run.trace.records.length > 0 && !run.trace.over && this.labs[run.lab].kills_workers;
        }

        kill(run, target) {
            return LabRoom.kill(run.live.id, target).catch(error => this.controls.fail(error.message));
        }

        // Adds a button to kill each worker process that is running, and removes the others.
        kills(panel) {
            const run = this.runs.find(run => run.panel === panel);
            const live = this.isLive(run);
            [...panel.names.children].forEach((name, number) => {
                const lane = run?.trace.lanes[number];
                const isRunning = live && lane && lane.ended === null;
                const there = name.querySelector('button');
                if (!isRunning) there?.remove();
                else if (!there) {
                    const worker = `worker-${number + 1}`;
                    const attributes = { class: 'lab-kill', 'aria-label': `Kill ${worker}`, title: `Kill the process of ${worker}` };
                    name.append(button('Kill', attributes, () => this.kill(run, worker)));
                }
            });
            panel.names.ariaHidden = live ? null : 'true';
        }

        // Shows a button for each of the brokers that can be killed, while a run has brokers.
        killsOthers() {
            if (!this.others) return;
            const run = this.runs.find(run => this.isLive(run));
            const targets = run ? this.labs[run.lab].kills : [];
            if (this.others.hidden === !targets.length) return;
            this.others.hidden = !targets.length;
            this.others.replaceChildren(...targets.map(target => {
                const words = target === 'broker' ? 'Kill a broker' : `Kill the ${target}`;
                return button(words, { class: 'lab-kill', title: 'It is started again after a second' }, () => this.kill(run, target));
            }));
        }

        refresh() {
            super.refresh();
            for (const run of this.runs) this.kills(run.panel);
            this.killsOthers();
        }
    }

    // In print a lab is only its figure.
    if (/\bprint\.html$/.test(location.pathname)) return;
    const figures = [...document.querySelectorAll('figure.lab')].filter(figure => commandIn(figure));
    const repaint = [];
    const prepare = labs => {
        for (const figure of figures) {
            const { lab: name } = parse(commandIn(figure));
            if (recordedIn(figure)[0][0].part) {
                // A chart can't be replayed.
                if (labs?.[name]) new LabTable(figure, labs, parse(commandIn(figure)));
                continue;
            }
            const lab = labs?.[name] ? new LiveLab(figure, labs) : new Lab(figure);
            repaint.push(() => lab.axis.repaint());
        }
    };
    if (LabRoom.there && figures.length) LabRoom.all().then(prepare, () => prepare(null));
    else prepare(null);

    // Redraw when the theme changes.
    const repaintAll = () => repaint.forEach(paint => paint());
    new MutationObserver(repaintAll).observe(document.documentElement, { attributeFilter: ['class'] });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaintAll);
})();
