// Labs: figures that run. In the reading room a lab runs its demo on the reader's machine; elsewhere it replays what was
// recorded; and without scripts it is a figure with the command to type.
//
// A lab is a `figure` with the class `lab`, the recorded run in a `script` and the command in its caption:
//
// | attribute | what it says |
// | --- | --- |
// | `data-controls` | the options that can be changed on the page |
// | `data-start` | options that the live lab starts with, besides those of the caption's command; an empty one is left out |
// | `data-series` | runs that follow one another, above one another: each another lab, or other options, `;` between them |
// | `data-recorded` | the figures of the page whose recorded runs are shown at first, if not its own alone |
'use strict';

(() => {
    const { Story, read, rounded } = LabStory;
    const { make, parse } = LabForm;
    const { Controls, button } = LabControls;
    const { Log, summary, legend } = LabTold;
    const { Axis, STEP } = LabAxis;

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
            let text = panel.now < 0.1 ? rounded(panel.now, panel.now) : `${panel.now.toFixed(3)} s`;
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
            this.words = make('details', { class: 'lab-words' }, make('summary', {}, 'Log and summary'),
                make('div', { class: 'lab-told' },
                    make('div', {}, make('p', { class: 'lab-title' }, 'Log', this.logOf), this.log.element),
                    make('div', {}, make('p', { class: 'lab-title' }, 'Summary'), this.sums)));
            this.words.addEventListener('toggle', () => this.tell());
            this.go = button('Play', { class: 'lab-play' }, () => this.replay());
            this.zoom = make('div', { class: 'lab-zoom', role: 'group', 'aria-label': 'Zoom' },
                button('whole run', { class: 'lab-whole', title: 'Show the whole run (0)' }, () => this.axis.whole()),
                button('−', { 'aria-label': 'Zoom out', title: 'Zoom out (−)' }, () => this.axis.zoom(1 / STEP)),
                button('+', { 'aria-label': 'Zoom in', title: 'Zoom in (+)' }, () => this.axis.zoom(STEP)));
            this.box = make('div', { class: 'lab-box' },
                make('div', { class: 'lab-tools' }, this.go, this.keys, this.zoom), this.stage, this.readout, this.spoken, this.words);
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

        // Plays the recorded runs at their own speed; again, if they are over; pauses, if they are not.
        replay() {
            if (this.playing) {
                this.playing.paused = !this.playing.paused;
                if (!this.playing.paused) this.advance();
            } else {
                this.playing = { time: 0, paused: false, next: this.recorded.map(() => 0) };
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
            const began = performance.now() / 1000 - playing.time;
            const tick = () => {
                if (playing.paused) return;
                playing.time = performance.now() / 1000 - began;
                this.recorded.forEach(({ records, end }, index) => {
                    const { story } = runs[index];
                    while (playing.next[index] < records.length && records[playing.next[index]].at <= playing.time) {
                        story.add(records[playing.next[index]]);
                        playing.next[index] += 1;
                    }
                    if (playing.time >= end) story.close();
                });
                this.axis.redraw(false);
                if (runs.every(run => run.story.over)) {
                    this.playing = null;
                    this.label();
                } else requestAnimationFrame(tick);
            };
            tick();
        }

        label() {
            this.go.textContent = !this.playing ? 'Play' : this.playing.paused ? 'Go on' : 'Pause';
        }
    }

    // A lab in the reading room.
    class LiveLab extends Lab {
        constructor(figure, labs) {
            super(figure);
            this.count = 0;
            this.controls = new Controls(figure, labs, this.given, (plan, current) => this.start(plan, current));
            this.box.prepend(this.controls.element);
            this.go.remove();
            if (!this.controls.series.length) {
                this.both = make('input', { type: 'checkbox', checked: true });
                this.both.addEventListener('change', () => this.compare());
                this.zoom.prepend(make('label', { class: 'lab-both', title: 'Show the run before above the last one' }, this.both, 'compare'));
            }
            this.axis.onlanes = panel => this.kills(panel);
            this.stage.classList.toggle('has-kills', this.controls.plan.some(asked => asked.name === 'processes'));
        }

        // Runs what is asked for, one after another.
        async start(plan, current) {
            this.words.open = true;
            this.axis.whole();
            const before = this.controls.series.length ? [] : this.runs.slice(-1);
            const fresh = [];
            for (const asked of plan) {
                this.count += 1;
                const run = new Run(this, asked.words, `Run ${this.count}`);
                run.tag.title = asked.command;
                run.lab = asked.name;
                fresh.push(run);
                this.last = [...before, ...fresh];
                this.logged = run;
                this.compare();
                if (!await this.live(run, asked, current) || current.stopped) break;
            }
        }

        // The last run alone, or with the one before.
        compare() {
            const runs = this.last ?? this.runs;
            this.show(this.both && !this.both.checked ? runs.slice(-1) : runs);
        }

        // Runs one demo, and says whether it went as it should.
        async live(run, asked, current) {
            const { story, panel } = run;
            // When the service began to start, by the clock of the page, as far as its records tell.
            let origin = Infinity;
            const now = () => performance.now() / 1000;
            panel.clock = () => origin < Infinity ? now() - origin : 0;
            run.live = current;
            const end = await this.controls.one(asked, current, line => {
                if (line.event) {
                    story.add(line);
                    origin = Math.min(origin, now() - line.at);
                }
                this.axis.redraw(false);
            });
            run.live = null;
            story.close();
            run.why = { stopped: 'stopped', too_long: 'stopped: a run has 60 seconds', too_many_records: 'stopped: too many records' }[end?.why]
                ?? (end ? null : 'given up');
            // A run that has lost a worker has failed, and has a summary all the same.
            const failed = end?.why === 'failed' && !story.summary;
            if (failed) this.controls.fail(end.error?.trim() || 'The run failed, and did not say why.');
            this.axis.redraw();
            this.spoken.textContent = story.description();
            return Boolean(end) && !failed;
        }

        // A button for each worker that is a process and goes on.
        kills(panel) {
            const run = this.runs.find(run => run.panel === panel);
            const live = Boolean(run?.live?.id) && run.lab === 'processes';
            [...panel.names.children].forEach((name, number) => {
                const lane = run?.story.lanes[number];
                const goesOn = live && lane && lane.ended === null;
                const there = name.querySelector('button');
                if (!goesOn) there?.remove();
                else if (!there) {
                    const worker = `worker-${number + 1}`;
                    name.append(button('Kill', { class: 'lab-kill', 'aria-label': `Kill ${worker}`, title: `Kill the process of ${worker}` }, () =>
                        LabRoom.kill(run.live.id, worker).catch(error => this.controls.fail(error.message))));
                }
            });
            panel.names.ariaHidden = live ? null : 'true';
        }

        tell() {
            super.tell();
            for (const run of this.runs) this.kills(run.panel);
        }
    }

    // On paper a lab is its figure.
    if (/\bprint\.html$/.test(location.pathname)) return;
    const figures = [...document.querySelectorAll('figure.lab')].filter(figure => commandIn(figure));
    const repaint = [];
    const prepare = labs => {
        for (const figure of figures) {
            const { lab: name } = parse(commandIn(figure));
            if (recordedIn(figure)[0].part) {
                // A chart has nothing to replay.
                if (labs?.[name]) new LabTable(figure, labs, parse(commandIn(figure)));
                continue;
            }
            const lab = labs?.[name] ? new LiveLab(figure, labs) : new Lab(figure);
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
