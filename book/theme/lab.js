// Labs: figures that run. In the reading room a lab runs its demo on the reader's machine; elsewhere it replays what was
// recorded; and without scripts it is a figure with the command to type.
//
// A lab is a `figure` with the class `lab`, the recorded run in a `script` and the command in its caption:
//
// | attribute | what it says |
// | --- | --- |
// | `data-controls` | the options that can be changed on the page |
// | `data-start` | options that the live lab starts with, besides those of the caption's command |
// | `data-series` | runs that follow one another, above one another: each another lab, or other options, `;` between them |
// | `data-recorded` | the figures of the page whose recorded runs are shown at first, if not its own alone |
'use strict';

(() => {
    const { Story, read, rounded } = LabStory;
    const { Form, make, parse, words, known, told, command } = LabForm;
    const { Log, summary, legend } = LabTold;
    const { Axis, STEP } = LabAxis;

    const button = (text, attributes, act) => {
        const element = make('button', { type: 'button', ...attributes }, text);
        element.addEventListener('click', act);
        return element;
    };
    const recordedIn = figure => read(figure.querySelector('script[type="application/x-ndjson"]').textContent);
    const commandIn = figure => [...figure.querySelectorAll('figcaption code')].map(code => code.textContent).findLast(text => parse(text));

    // One run on the page: recorded, or live.
    class Run {
        constructor(lab, words, name) {
            this.story = new Story();
            this.words = words;
            this.name = name;
            this.tag = make('span', { class: 'lab-tag' }, name);
            this.code = make('code');
            this.state = make('span', { class: 'lab-state' });
            this.panel = lab.axis.add(this.story, null);
            this.element = make('section', { class: 'lab-run', 'aria-label': name },
                make('p', { class: 'lab-head' }, this.tag, ' ', this.code, ' ', this.state), this.panel.element);
        }

        // Its words, those in bold that another run does not share.
        differ(other) {
            this.code.replaceChildren(...this.words.flatMap(word =>
                [other && !other.words.includes(word) ? make('b', {}, word) : word, ' ']));
        }

        // How it stands.
        tell() {
            const { story, panel } = this;
            let text = rounded(panel.now, panel.now);
            if (this.why) text += `, ${this.why}`;
            else if (story.summary?.lost) text += `, ${story.summary.lost} lost`;
            if (this.state.textContent !== text) this.state.textContent = text;
            const name = story.title();
            if (this.panel.canvas.getAttribute('aria-label') !== name) this.panel.canvas.setAttribute('aria-label', name);
        }
    }

    class Lab {
        constructor(figure) {
            this.figure = figure;
            this.runs = [];
            this.count = 0;
            this.series = (figure.dataset.series ?? '').split(';').map(it => it.trim()).filter(Boolean);
            this.given = parse(commandIn(figure));
            this.build();
            this.record();
        }

        build() {
            this.readout = make('p', { class: 'lab-readout' });
            this.spoken = make('p', { class: 'lab-spoken', 'aria-live': 'polite' });
            this.keys = make('div', { class: 'lab-keys' });
            this.stage = make('div', { class: 'lab-stage' });
            this.message = make('p', { class: 'lab-message', role: 'alert', hidden: true });
            this.log = new Log();
            this.sums = make('div', { class: 'lab-sums table-wrapper' });
            this.logOf = make('span', { class: 'lab-of' });
            this.words = make('details', { class: 'lab-words' }, make('summary', {}, 'Log and summary'),
                make('div', { class: 'lab-told' },
                    make('div', {}, make('p', { class: 'lab-title' }, 'Log', this.logOf), this.log.element),
                    make('div', {}, make('p', { class: 'lab-title' }, 'Summary'), this.sums)));
            this.words.addEventListener('toggle', () => this.tell());
            this.go = button('Play', { class: 'lab-go' }, () => this.press());
            this.actions = make('div', { class: 'lab-actions' }, this.go);
            this.zoom = make('div', { class: 'lab-zoom', role: 'group', 'aria-label': 'Zoom' },
                button('−', { 'aria-label': 'Zoom out', title: 'Zoom out (−)' }, () => this.axis.zoom(1 / STEP)),
                button('+', { 'aria-label': 'Zoom in', title: 'Zoom in (+)' }, () => this.axis.zoom(STEP)),
                button('whole run', { class: 'lab-whole', title: 'Show the whole run (0)' }, () => this.axis.whole()));
            this.box = make('div', { class: 'lab-box' }, this.actions, this.message,
                make('div', { class: 'lab-tools' }, this.keys, this.zoom), this.stage, this.readout, this.spoken, this.words);
            this.figure.prepend(this.box);
            this.figure.classList.add('is-on');
            this.axis = new Axis(this.box,
                (text, spoken) => {
                    this.readout.textContent = text;
                    if (spoken || !text) this.spoken.textContent = text;
                },
                (panel, at) => {
                    this.logged = this.runs.find(run => run.panel === panel);
                    this.tell();
                    if (this.words.open) this.log.goTo(at);
                });
            this.axis.onframe = () => this.tell();
            this.axis.onlook = () => this.zoom.classList.toggle('is-zoomed', Boolean(this.axis.view));
        }

        // The recorded runs: the figure's own, or those that it names.
        record() {
            const names = (this.figure.dataset.recorded ?? '').split(' ').filter(Boolean);
            const figures = names.map(name => document.getElementById(`figure-${name}`)?.closest('.lab')).filter(Boolean);
            this.recorded = (figures.length ? figures : [this.figure]).map(figure => {
                const records = recordedIn(figure);
                const text = records[0].recorded?.command ?? commandIn(figure);
                const { options } = parse(text) ?? { options: {} };
                for (const name of ['timeline', 'timeline-window', 'format']) delete options[name];
                const shown = text.replace(/^.*? -- /, '').split(' ').filter(word => !/^--timeline/.test(word));
                return { records, words: shown, end: records[records.length - 1].at };
            });
            const [from, to] = (this.given.options['timeline-window'] ?? '').split('..').map(Number);
            this.show(this.recorded.map(it => this.tellRecorded(it)));
            if (to > from) this.axis.look(from, to);
        }

        tellRecorded({ records, words, end }) {
            const run = new Run(this, words, 'Recorded');
            const { date, machine, cores } = records[0].recorded ?? {};
            if (date) run.tag.title = `Recorded on ${date}. Machine: ${machine}, ${cores} cores.`;
            for (const record of records) run.story.add(record);
            run.story.close();
            run.panel.expected = end;
            return run;
        }

        // Shows runs above one another.
        show(runs) {
            this.runs = runs;
            runs.forEach((run, index) => run.differ(runs.length > 1 ? runs[index ? 0 : 1] : null));
            this.stage.replaceChildren(...runs.map(run => run.element));
            if (!runs.includes(this.logged)) this.logged = runs[runs.length - 1];
            this.axis.show(runs.map(run => run.panel));
        }

        // What is said besides the picture, as far as it has changed.
        tell() {
            for (const run of this.runs) run.tell();
            const stories = this.runs.map(run => run.story);
            const state = stories.map(story => [story.over, Boolean(story.summary), story.model, story.tells, story.turns, story.again,
                ...Object.values(story.things).map(it => [...it]), story.lanes.some(lane => lane?.died)].join()).join(';');
            const changed = state !== this.state;
            this.state = state;
            if (changed) {
                this.keys.replaceChildren(...legend(stories));
                for (const run of this.runs) {
                    run.panel.canvas.setAttribute('aria-description', run.story.over ? run.story.description() : 'It goes on.');
                }
            }
            if (!this.words.open) return;
            if (changed || this.summed !== this.runs) this.sums.replaceChildren(...summary(this.runs));
            this.summed = this.runs;
            this.log.show(this.logged.story);
            this.logOf.textContent = this.runs.length > 1 ? `: ${this.logged.name}` : '';
            this.log.update();
        }

        press() { this.replay(); }

        // Plays the recorded runs at their own speed; again, if they are over; pauses, if they are not.
        replay() {
            if (this.playing) {
                this.playing.paused = this.playing.paused === null ? performance.now() : null;
                if (this.playing.paused === null) this.advance();
                else this.playing.at = this.playing.time;
            } else {
                this.playing = { at: 0, time: 0, paused: null, next: this.recorded.map(() => 0) };
                this.show(this.recorded.map(({ words, end }) => {
                    const run = new Run(this, words, 'Recorded');
                    run.panel.expected = end;
                    run.panel.clock = () => this.playing?.time ?? end;
                    return run;
                }));
                this.advance();
            }
            this.label();
        }

        // Adds what has happened by now.
        advance() {
            const { playing, runs } = this;
            const began = performance.now() / 1000 - playing.at;
            const tick = () => {
                if (playing.paused !== null || this.playing !== playing) return;
                playing.time = performance.now() / 1000 - began;
                this.recorded.forEach(({ records, end }, index) => {
                    const { story } = runs[index];
                    while (playing.next[index] < records.length && records[playing.next[index]].at <= playing.time) {
                        story.add(records[playing.next[index]]);
                        playing.next[index] += 1;
                    }
                    if (playing.time >= end) story.close();
                });
                this.axis.redraw();
                if (runs.every(run => run.story.over)) {
                    this.playing = null;
                    this.label();
                } else requestAnimationFrame(tick);
            };
            tick();
        }

        label() {
            this.go.textContent = !this.playing ? 'Play' : this.playing.paused === null ? 'Pause' : 'Go on';
        }

        fail(text) {
            this.message.textContent = text ?? '';
            this.message.hidden = !text;
        }
    }

    // A lab in the reading room.
    class LiveLab extends Lab {
        constructor(figure, labs) {
            super(figure);
            this.labs = labs;
            this.lab = labs[this.given.lab];
            this.running = null;
            const start = words(figure.dataset.start ?? '');
            const given = { options: { ...this.given.options, ...start.options }, positional: start.positional ?? this.given.positional };
            const names = (figure.dataset.controls ?? '').split(/\s+/).filter(Boolean);
            this.form = new Form(this.lab.options, names, known(this.lab.options, given), () => this.change());
            this.code = make('code', { class: 'lab-code' });
            this.copy = button('Copy', { class: 'lab-copy', 'aria-label': 'Copy the command' }, () => this.copied());
            this.line = make('div', { class: 'lab-command' }, this.code, this.copy);
            this.go.classList.add('is-live');
            this.actions.prepend(this.form.element);
            this.actions.append(this.line);
            if (!this.series.length) {
                this.both = make('input', { type: 'checkbox', checked: true });
                this.both.addEventListener('change', () => this.compare());
                this.zoom.prepend(make('label', { class: 'lab-both', title: 'Show the run before above the last one' }, this.both, 'compare'));
            }
            this.axis.onlanes = panel => this.kills(panel);
            this.change();
            this.label();
        }

        // What is to be run, one after another: the lab, what it is called, and its options.
        get plan() {
            const { values } = this.form;
            const asked = this.series.length ? this.series : [''];
            return asked.map(item => {
                const { options, positional } = words(item);
                const name = positional ?? this.given.lab;
                const lab = this.labs[name];
                const own = Object.fromEntries(lab.options.filter(it => it.name in values).map(it => [it.name, values[it.name]]));
                return { name, lab, values: { ...own, ...known(lab.options, { options }) } };
            });
        }

        change() {
            this.code.textContent = this.plan.map(({ lab, values }) => command(lab, lab.options, values)).join('\n');
        }

        async copied() {
            try {
                await navigator.clipboard.writeText(this.code.textContent);
                this.copy.textContent = 'Copied';
            } catch {
                getSelection().selectAllChildren(this.code);
                this.copy.textContent = 'Selected';
            }
            setTimeout(() => { this.copy.textContent = 'Copy'; }, 1500);
        }

        label() {
            this.go.textContent = this.running ? 'Stop' : this.series.length ? 'Run all' : 'Run';
            this.go.classList.toggle('is-stop', Boolean(this.running));
        }

        press() {
            if (this.running) this.stop();
            else if (this.form.check()) this.start();
        }

        stop() {
            this.running.stopped = true;
            const { run } = this.running;
            if (run?.id) LabRoom.stop(run.id).catch(error => this.fail(error.message));
            else this.running.abort.abort();
        }

        async start() {
            const { running } = this;
            if (running) return;
            this.fail();
            const current = this.running = { abort: new AbortController(), stopped: false, run: null };
            this.label();
            this.words.open = true;
            this.axis.whole();
            const before = this.series.length ? [] : this.runs.slice(-1);
            const fresh = [];
            for (const { name, lab, values } of this.plan) {
                if (current.stopped) break;
                this.count += 1;
                const told_ = told(lab.options, values);
                const run = new Run(this, this.series.length && name !== this.given.lab || this.series.includes(name) ? [lab.bin, ...told_] : told_, `Run ${this.count}`);
                current.run = run;
                fresh.push(run);
                this.last = [...before, ...fresh];
                // Where all are to be seen on one axis, those that are still to come have room there, too.
                this.logged = run;
                this.compare();
                await this.live(run, name, values, current);
                if (this.message.textContent) break;
            }
            this.running = null;
            this.label();
        }

        // The last run alone, or with the one before.
        compare() {
            const runs = this.last ?? this.runs;
            this.show(this.both && !this.both.checked ? runs.slice(-1) : runs);
        }

        async live(run, name, values, current) {
            const { story, panel } = run;
            const since = performance.now() / 1000;
            let origin = Infinity;
            panel.clock = () => Math.max(0, performance.now() / 1000 - Math.min(origin, performance.now() / 1000));
            panel.canvas.setAttribute('aria-description', 'It goes on.');
            try {
                await LabRoom.run(name, values, line => {
                    if (line.room === 'started') {
                        run.id = line.run;
                        run.tag.title = line.command;
                        if (current.stopped) LabRoom.stop(run.id).catch(() => {});
                    } else if (line.room === 'ended') this.ended(run, line);
                    else if (line.event) {
                        run.first ??= performance.now() / 1000 - since;
                        story.add(line);
                        origin = Math.min(origin, performance.now() / 1000 - line.at);
                    }
                    this.axis.redraw();
                }, current.abort.signal);
            } catch (error) {
                if (!current.abort.signal.aborted) this.fail(error.message);
            }
            story.close();
            run.id = null;
            this.kills(panel);
            this.axis.redraw();
            this.spoken.textContent = story.description();
        }

        ended(run, { why, error }) {
            const words = { stopped: 'stopped', too_long: 'stopped: a run has 60 seconds', too_many_records: 'stopped: too many records', failed: 'failed' };
            // A run whose worker was killed has failed, and has a summary all the same.
            run.why = why === 'failed' && run.story.summary ? null : words[why] ?? null;
            if (why === 'failed' && !run.story.summary) this.fail(error?.trim() || 'The run failed, and did not say why.');
        }

        // A button for each worker that is a process and goes on.
        kills(panel) {
            const run = this.runs.find(run => run.panel === panel);
            const live = run?.id && (run.story.run ? run.story.model === 'processes' : false);
            [...panel.names.children].forEach((name, number) => {
                const lane = run?.story.lanes[number];
                const there = name.querySelector('button');
                if (!live || lane?.ended !== null && lane?.ended !== undefined) {
                    there?.remove();
                } else if (!there) {
                    const worker = `worker-${number + 1}`;
                    name.append(button('Kill', { class: 'lab-kill', 'aria-label': `Kill ${worker}`, title: `Kill the process of ${worker}` }, () =>
                        LabRoom.kill(run.id, worker).catch(error => this.fail(error.message))));
                }
            });
            panel.names.toggleAttribute('aria-hidden', !live);
        }

        tell() {
            super.tell();
            for (const run of this.runs) if (run.id) this.kills(run.panel);
        }
    }

    // On paper a lab is its figure.
    if (/\bprint\.html$/.test(location.pathname)) return;
    const figures = [...document.querySelectorAll('figure.lab')].filter(figure => commandIn(figure));
    const repaint = [];
    const prepare = labs => {
        for (const figure of figures) {
            if (figure.classList.contains('is-table')) {
                if (labs) new LabTable(figure, labs, parse(commandIn(figure)));
                continue;
            }
            const there = labs?.[parse(commandIn(figure)).lab];
            const lab = there ? new LiveLab(figure, labs) : new Lab(figure);
            repaint.push(() => lab.axis.repaint());
        }
    };
    if (LabRoom.there && figures.length) LabRoom.all().then(prepare, () => prepare(null));
    else prepare(null);

    // The colours are the theme's.
    const again = () => repaint.forEach(paint => paint());
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ['class'] });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
})();
