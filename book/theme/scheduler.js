// "You are the scheduler": a lab in which the reader decides which thread of a recorded program takes the next step.
//
// A lab is an element with the class `scheduler` that contains a recording in a `script` and the same program as static
// HTML. The format of a recording is documented in chapters/src/scheduler/recording.rs. It has every state of the program,
// so a step follows an edge of its graph, and nothing runs.
'use strict';

const SchedulerLab = (() => {
    const { make } = LabForm;

    // A recording, with the questions that a lab asks about it.
    class Recording {
        constructor(data) {
            Object.assign(this, data);
        }

        cursors(node) {
            return this.nodes[node][0].map(index => this.cursors_[index]);
        }

        objects(node) {
            return this.shared[this.nodes[node][1]].map(index => {
                const [object, value, holders = []] = this.values[index];
                const [name, kind] = this.objects_[object];
                return { name, kind, value, holders };
            });
        }

        output(node) {
            return this.outputs[this.nodes[node][2]];
        }

        edges(node) {
            return this.nodes[node][3].map(([thread, to, label], index) =>
                ({ thread, to, label: label === undefined ? '' : this.words[label], index }));
        }

        ending(node) {
            const index = this.nodes[node][4];
            return index === undefined ? null : this.endings[index];
        }

        // The nodes from which the goal can be reached.
        hopeful() {
            if (this.hopeful_) return this.hopeful_;
            const before = this.nodes.map(() => []);
            this.nodes.forEach((node, index) => node[3].forEach(([, to]) => before[to].push(index)));
            const found = new Set(this.nodes.flatMap((_, node) => this.ending(node)?.goal ? [node] : []));
            // The set grows while it is walked through.
            for (const node of found) before[node].forEach(it => found.add(it));
            return this.hopeful_ = found;
        }

        // The shortest way from a node to an ending that `accepts` accepts, as a list of edges: fewest switches between threads
        // first, then fewest steps. Returns null if no schedule leads there.
        shortest(start, last, accepts) {
            const key = (node, thread) => node * (this.threads.length + 1) + thread + 1;
            const done = new Set();
            // Layers of equal numbers of switches: a step of the same thread stays in its layer, a switch goes to the next.
            let layer = [{ node: start, thread: last, before: null, edge: null }];
            while (layer.length) {
                const next = [];
                for (let at = 0; at < layer.length; at++) {
                    const place = layer[at];
                    const { node, thread } = place;
                    if (done.has(key(node, thread))) continue;
                    done.add(key(node, thread));
                    const ending = this.ending(node);
                    if (ending && accepts(ending)) {
                        const way = [];
                        for (let it = place; it.before; it = it.before) way.unshift(it.edge);
                        return way;
                    }
                    for (const edge of this.edges(node)) {
                        const to = { node: edge.to, thread: edge.thread, before: place, edge };
                        (thread < 0 || edge.thread === thread ? layer : next).push(to);
                    }
                }
                layer = next;
            }
            return null;
        }
    }

    // Turns the lists of a recording into the objects that a lab shows. The format is documented in
    // chapters/src/scheduler/recording.rs. `listing` is the text of the program, if the recording doesn't have it.
    function read({ cursors, objects, nodes, ...rest }, listing = '') {
        const [program, ...files] = rest.sources;
        const lines = () => listing.replace(/\n$/, '').split('\n').map(line => line.trimEnd());
        return new Recording({
            ...rest,
            sources: [{ ...program, parts: program.parts ?? [{ first: 1, lines: lines() }] }, ...files],
            cursors_: cursors.map(cursor => readCursor(cursor, rest.words)),
            objects_: objects,
            nodes: readNodes(nodes),
        });
    }

    function readCursor([next, numbers = [], why, on], words) {
        const at = [];
        for (let index = 0; index < numbers.length; index += 2) at.push([numbers[index], numbers[index + 1]]);
        if (next === undefined) return {};
        if (next < 0) return { at, panicked: words[why] };
        return { at, next: words[next], ...(why === undefined ? {} : { waits: { why: words[why], on: on ?? [] } }) };
    }

    // The nodes, as lists of the cursors, the shared state, the output, the edges, and the ending.
    function readNodes(text) {
        // The state of the node before each node that an edge has led to, and the place of the cursor that changes.
        const before = [[[], null]];
        return text.split(';').map((node, index) => {
            const [, changes, edges, ending] = /^(.*)\|([^=]*)=?(.*)$/.exec(node);
            const [last, stepped] = before[index];
            const state = [...last];
            for (const change of changes ? changes.split(',') : []) {
                const [, place, value] = /^(?:(\d+):)?(\d+)$/.exec(change);
                state[place ?? stepped] = Number(value);
            }
            const readEdge = edge => {
                const [, thread, label, to] = /^(\d+)(?:\.(\d+))?(?:>(\d+))?$/.exec(edge);
                const target = to === undefined ? before.push([state, 2 + Number(thread)]) - 1 : Number(to);
                return [Number(thread), target, ...(label === undefined ? [] : [Number(label)])];
            };
            const [shared, output, ...cursors] = state;
            const list = [cursors, shared, output, edges ? edges.split(',').map(readEdge) : []];
            return ending ? [...list, Number(ending)] : list;
        });
    }

    const plural = (number, noun) => `${number} ${noun}${Number(number) === 1 ? '' : 's'}`;
    const grouped = digits => digits.replace(/\B(?=(\d{3})+$)/g, ',');

    function button(text, attributes, act) {
        const element = make('button', { type: 'button', ...attributes }, text);
        element.addEventListener('click', act);
        return element;
    }

    class Lab {
        constructor(element, recording) {
            this.element = element;
            this.recording = recording;
            // The endings that the reader has reached, and whether the lab may show the others.
            this.found = new Set();
            this.revealed = !recording.question;
            this.keys = this.assignKeys();
            this.build();
            this.restart();
        }

        // The key of each thread: the first letter of its name, if no other key has it.
        assignKeys() {
            const taken = new Set('uerhlx');
            return this.recording.threads.map((name, index) => {
                const key = [...name.toLowerCase(), ...'123456789'].find(it => /[a-z0-9]/.test(it) && !taken.has(it)) ?? String(index);
                taken.add(key);
                return key;
            });
        }

        build() {
            const { recording } = this;
            this.goal = make('p', { class: 'scheduler-goal' });
            this.listings = make('div', { class: 'scheduler-listings' });
            this.choices = make('div', { class: 'scheduler-threads', role: 'group', 'aria-label': 'Threads', tabindex: '-1' });
            this.shared = make('div', { class: 'scheduler-shared' });
            this.waits = make('div', { class: 'scheduler-waits' });
            this.said = make('p', { class: 'scheduler-said', role: 'status' });
            this.steps = make('div', { class: 'scheduler-lanes' });
            this.endings = make('div', { class: 'scheduler-endings', hidden: true });
            this.undoButton = button('Undo', { title: 'Take back the last step that you chose, with the steps after it (u)' }, () => this.undo());
            this.restartButton = button('Restart', { title: 'Start over (r)' }, () => this.restart());
            this.hintButton = button('Hint', { title: 'Show the next step of a schedule that reaches the goal (h)' }, () => this.hint());
            this.shortestButton = button('Show the shortest', { title: 'Play the shortest schedule that reaches the goal (l)' },
                () => this.playEnding(recording.endings.find(it => it.goal)));
            this.endingsButton = button('All endings', { 'aria-expanded': 'false', title: 'Show every possible ending (e)' },
                () => this.toggleEndings());
            this.auto = make('input', { type: 'checkbox' });
            this.auto.checked = true;
            const tools = make('div', { class: 'scheduler-tools', role: 'group', 'aria-label': 'Schedule' },
                this.undoButton, this.restartButton, ...(recording.question ? [] : [this.hintButton, this.shortestButton]),
                this.endingsButton,
                make('label', { class: 'scheduler-auto' }, this.auto, ' Take a step that is the only choice'));
            this.live = make('section', { class: 'scheduler-live', 'aria-label': `Scheduler lab: ${recording.title}`, tabindex: '-1' },
                make('p', { class: 'scheduler-title' }, make('strong', {}, recording.title)), this.goal,
                make('div', { class: 'scheduler-columns' },
                    make('div', {}, this.listings),
                    make('div', { class: 'scheduler-side' }, this.choices, this.said, this.shared, this.waits)),
                tools, this.endings, this.steps);
            this.live.querySelector('.scheduler-title').after(this.help());
            this.live.addEventListener('keydown', event => this.key(event));
            this.element.prepend(this.live);
            this.element.classList.add('is-on');
            // A listing is a stop of the Tab key only while it's too large, because only then the arrow keys scroll it.
            new ResizeObserver(() => {
                for (const code of this.listings.querySelectorAll('.scheduler-code')) {
                    code.tabIndex = code.scrollWidth > code.clientWidth || code.scrollHeight > code.clientHeight ? 0 : -1;
                }
            }).observe(this.listings);
        }

        help() {
            const { question, options } = this.recording;
            const line = (...words) => make('li', {}, ...words);
            const key = name => make('span', { class: 'scheduler-key' }, '(', make('kbd', {}, name), ')');
            return make('details', { class: 'scheduler-help' }, make('summary', {}, 'How to play'),
                make('ul', {},
                    line('Each thread is paused before its next operation. The mark with its name in the listing shows the line. If the ',
                        'line is in a function that was called, the lines that called it have paler marks.'),
                    line('To let a thread perform its operation, press its button, or its key: the letter at the end of the button. ',
                        'The lab then shows the new values, and the thread’s next operation.'),
                    line('A thread without a button has to wait, and the lab says for what. A step that is the only choice is taken ',
                        'for you, and is in italics in your schedule. If you want to take it yourself, clear the box.'),
                    line('A thread’s last result is the value that its operation found or left, such as ', make('q', {}, 'finds 0'),
                        '. Local variables aren’t shown, but they were computed from these results.'),
                    ...(options?.weak_memory ? [line('Memory is weak here: where a load may see several values, you choose one.')] : []),
                    question
                        ? line('The lab lists the endings that you reach. ', make('b', {}, 'All endings'), ' ', key('e'), ' shows the others.')
                        : line(make('b', {}, 'Hint'), ' ', key('h'), ' marks the next step towards the goal, and ', make('b', {}, 'Show the shortest'),
                            ' ', key('l'), ' plays all of them. ', make('b', {}, 'All endings'), ' ', key('e'), ' counts the schedules.'),
                    line(make('b', {}, 'Undo'), ' ', key('u'), ' takes back the last step that you chose and the steps in italics after it, and ',
                        make('b', {}, 'Restart'), ' ', key('r'), ' all of them. The keys work while the focus is in the lab.')));
        }

        // The state.

        get node() {
            return this.history.length ? this.history[this.history.length - 1].to : 0;
        }

        get last() {
            return this.history.length ? this.history[this.history.length - 1].thread : -1;
        }

        step(edge, automatic = false) {
            this.history.push({ ...edge, from: this.node, automatic });
        }

        // Takes the steps that are the only choice, at most as many as the program has states: it may go round in circles.
        settle() {
            if (!this.auto.checked) return;
            for (let left = this.recording.nodes.length; left > 0; left--) {
                const edges = this.recording.edges(this.node);
                if (edges.length !== 1) return;
                this.step(edges[0], true);
            }
        }

        choose(edge) {
            this.played = false;
            this.step(edge);
            const taken = this.history.length;
            this.settle();
            const more = this.history.length - taken;
            this.show(more === 0 ? '' : more === 1 ? 'The step after that was the only choice.'
                : `The ${more} steps after that were the only choice.`);
        }

        // Takes back the last step that the reader chose, with the automatic steps after it.
        undo() {
            const before = this.history.length;
            while (this.history.length && this.history.pop().automatic);
            const more = before - this.history.length - 1;
            this.show(more > 0 ? `Took back your step and the ${more === 1 ? 'one' : more} after it.` : '');
        }

        restart() {
            this.history = [];
            this.played = false;
            this.settle();
            this.show();
        }

        playEnding(ending) {
            if (!ending?.steps) return;
            this.history = [];
            this.played = true;
            for (const index of ending.steps) this.step(this.recording.edges(this.node)[index]);
            this.show();
        }

        hint() {
            const { recording } = this;
            if (recording.question) return;
            if (!recording.endings.some(it => it.goal)) {
                return this.say('No schedule reaches the goal: the explorer has tried all of them.');
            }
            const wrong = this.wrongStep();
            if (wrong >= 0) {
                const steps = this.history.slice(wrong).filter(it => !it.automatic).length;
                return this.say(`The goal has been out of reach since step ${wrong + 1}. To try another way, press Undo ${steps === 1 ? 'once' : `${steps} times`}.`);
            }
            if (recording.ending(this.node)) return this.say('You’ve reached the goal.');
            const way = recording.shortest(this.node, this.last, it => it.goal);
            const [edge] = way;
            // What a step finds is known only after it, unless the reader chooses that.
            const which = recording.edges(this.node).filter(it => it.thread === edge.thread).length > 1 ? `, which ${edge.label}` : '';
            this.say(`Schedule ${recording.threads[edge.thread]}${which}. The goal is ${plural(way.length, 'step')} away.`);
            for (const it of this.choices.querySelectorAll('button')) {
                it.classList.toggle('is-hinted', Number(it.dataset.edge) === edge.index);
            }
        }

        // The index of the step after which no schedule reaches the goal, or -1.
        wrongStep() {
            const hopeful = this.recording.hopeful();
            return hopeful.has(0) ? this.history.findIndex(it => !hopeful.has(it.to)) : -1;
        }

        say(text) {
            this.said.textContent = text;
        }

        toggleEndings() {
            // In a question, the list shows what the reader has found, until the reader asks for the rest.
            this.endings.hidden = this.revealed && !this.endings.hidden;
            this.revealed = true;
            this.endingsButton.setAttribute('aria-expanded', String(!this.endings.hidden));
            this.showGoal(this.recording.ending(this.node));
            if (!this.endings.hidden) this.showEndings();
        }

        key(event) {
            if (event.altKey || event.ctrlKey || event.metaKey || /^(SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
            const key = event.key.toLowerCase();
            const act = { u: () => this.undo(), backspace: () => this.undo(), r: () => this.restart(), h: () => this.hint(),
                l: () => this.shortestButton.click(), e: () => this.toggleEndings() }[key];
            const thread = this.keys.indexOf(key);
            const edges = this.recording.edges(this.node).filter(it => it.thread === thread);
            if (act) act();
            else if (edges.length === 1) this.choose(edges[0]);
            else if (edges.length > 1) this.choices.querySelector(`[data-edge="${edges[0].index}"]`).focus();
            else if (thread >= 0) this.say(this.whyNot(thread));
            else return;
            // mdBook has keys of its own.
            event.preventDefault();
            event.stopPropagation();
        }

        whyNot(thread) {
            const cursor = this.recording.cursors(this.node)[thread];
            const name = this.recording.threads[thread];
            if (!cursor) return `${name} hasn’t been started yet.`;
            return `${name} ${stateOf(cursor, this.recording.ending(this.node))}.`;
        }

        // The display.

        // Shows the state, and says `message` unless the program has ended. Everything is changed before anything is measured, so
        // the browser computes the layout once.
        show(message = '') {
            const { recording, node } = this;
            const ending = recording.ending(node);
            this.note(ending);
            const focused = this.live.contains(document.activeElement) ? document.activeElement : null;
            const focusedThread = focused?.dataset.thread;
            this.showGoal(ending);
            this.showListings();
            this.showThreads();
            this.showShared();
            this.showWaits(ending);
            this.showSteps(ending);
            this.undoButton.disabled = !this.history.some(it => !it.automatic);
            this.restartButton.disabled = this.undoButton.disabled;
            this.shortestButton.disabled = !recording.endings.some(it => it.goal);
            this.say(ending ? sentence(ending) : message);
            if (focused) this.keepFocus(focused, focusedThread);
            this.scrollListings();
            this.steps.scrollTop = this.steps.scrollHeight;
        }

        // Scrolls each file of the book to the line that the last thread executes next, or else to another thread's.
        scrollListings() {
            for (const { code } of this.sources.slice(1)) {
                const row = code.querySelector(`.is-next.scheduler-thread-${this.last}`) ?? code.querySelector('.is-next');
                if (!row) continue;
                const [line, box] = [row.getBoundingClientRect(), code.getBoundingClientRect()];
                code.scrollTop += (line.top + line.bottom - box.top - box.bottom) / 2;
            }
        }

        keepFocus(focused, focusedThread) {
            // Pressing the button of a thread replaces it, so the focus moves to the thread's new button, or to another one.
            // Nothing scrolls, because the reader looks at this place.
            if (focusedThread !== undefined && !focused.isConnected) {
                (this.choices.querySelector(`button[data-thread="${focusedThread}"]`)
                    ?? this.choices.querySelector('button') ?? this.choices).focus({ preventScroll: true });
            } else if (focused.disabled) {
                this.choices.focus({ preventScroll: true });
            }
        }

        // Remembers an ending, and lists it if it answers a question.
        note(ending) {
            if (!ending) return;
            this.found.add(ending);
            if (!this.recording.question) return;
            this.endings.hidden = false;
            this.showEndings();
        }

        showGoal(ending) {
            const { recording } = this;
            if (recording.question) {
                const all = this.found.size === recording.endings.length;
                const state = all ? `You’ve found all ${this.found.size}.`
                    : this.found.size ? `You’ve found ${this.found.size} so far.` : '';
                this.goal.replaceChildren(make('b', {}, 'Goal: '), recording.goal, ' ', make('span', { class: 'scheduler-reached' }, state));
                this.live.classList.toggle('is-reached', all);
                return;
            }
            const reached = ending?.goal;
            const impossible = !recording.endings.some(it => it.goal);
            const chosen = this.history.filter(it => !it.automatic).length;
            const wrong = ending && !reached ? this.wrongStep() : -1;
            const step = this.history[wrong];
            const missed = wrong < 0 ? 'Missed.' : `Missed: step ${wrong + 1}, in which ${recording.threads[step.thread]} took its step `
                + `“${recording.cursors(step.from)[step.thread].next}”, put it out of reach.`;
            const byReader = this.played || chosen === this.history.length ? '' : `, ${chosen} of them chosen by you`;
            const state = reached ? `Reached after ${plural(this.history.length, 'step')}${byReader}.`
                : impossible ? 'No schedule reaches it.' : ending ? missed : '';
            this.goal.replaceChildren(make('b', {}, 'Goal: '), recording.goal, ' ', make('span', { class: 'scheduler-reached' }, state));
            this.live.classList.toggle('is-reached', Boolean(reached));
            this.live.classList.toggle('is-missed', Boolean(ending && !reached && !impossible));
        }

        // Shows the program, and below it each file of the book that a thread is in. The rows are made once.
        showListings() {
            const { recording } = this;
            const marks = recording.sources.map(() => new Map());
            recording.cursors(this.node).forEach((cursor, thread) => (cursor.at ?? []).forEach(([source, line], depth) => {
                const marked = marks[source].get(line) ?? [];
                if (!marked.some(it => it.thread === thread)) marked.push({ thread, inner: depth === 0 });
                marks[source].set(line, marked);
            }));
            this.sources ??= recording.sources.map(source => this.listing(source));
            this.sources.forEach((source, index) => source.mark(marks[index], index === 0));
        }

        listing(source) {
            const rows = new Map();
            const parts = source.parts.map(({ first, lines }) => make('div', { class: 'scheduler-part' }, ...lines.map((text, offset) => {
                const gutter = make('span', { class: 'scheduler-gutter' });
                const row = make('div', { class: 'scheduler-row' }, gutter, make('code', {}, text || ' '));
                rows.set(first + offset, { row, gutter, state: '' });
                return row;
            })));
            const code = make('div', { class: 'scheduler-code', tabindex: '-1', role: 'group', 'aria-label': `Listing of ${source.path}` }, ...parts);
            const element = make('div', {}, make('p', { class: 'scheduler-path' }, source.path), code);
            this.listings.append(element);
            const mark = (marks, whole) => {
                element.hidden = !whole && !marks.size;
                source.parts.forEach(({ first, lines }, index) => {
                    parts[index].hidden = !whole && ![...marks.keys()].some(line => line >= first && line < first + lines.length);
                });
                for (const [line, it] of rows) {
                    const marked = marks.get(line) ?? [];
                    const state = JSON.stringify(marked);
                    if (state === it.state) continue;
                    it.state = state;
                    const inner = marked.find(({ inner }) => inner);
                    it.row.className = `scheduler-row${inner ? ` is-next scheduler-thread-${inner.thread}` : ''}`;
                    it.gutter.replaceChildren(...marked.map(({ thread, inner }) =>
                        make('span', { class: `scheduler-mark scheduler-thread-${thread}${inner ? '' : ' is-caller'}`,
                            title: inner ? 'executes this line next' : 'is in a function that this line calls' },
                            make('span', { class: 'scheduler-sr' }, inner ? 'next: ' : 'in a call: '), this.recording.threads[thread])));
                }
            };
            return { code, mark };
        }

        showThreads() {
            const { recording, node } = this;
            const cursors = recording.cursors(node);
            const edges = recording.edges(node);
            // What each thread has found or left last. It explains the thread's local variables.
            const results = {};
            for (const { thread, label } of this.history) if (label) results[thread] = label;
            const rows = recording.threads.map((name, thread) => {
                const cursor = cursors[thread];
                const own = edges.filter(it => it.thread === thread);
                const head = make('span', { class: `scheduler-name scheduler-thread-${thread}` }, name);
                const key = make('kbd', {}, this.keys[thread]);
                if (!cursor) return make('div', { class: 'scheduler-thread is-blocked' }, head, make('span', {}, 'hasn’t been started'));
                if (own.length > 1) {
                    return make('div', { class: 'scheduler-thread', role: 'group', 'aria-label': name }, head,
                        make('span', {}, cursor.next, ' …'),
                        make('span', { class: 'scheduler-options' }, ...own.map(edge =>
                            button(edge.label || cursor.next, { 'data-edge': edge.index, 'data-thread': thread, 'aria-keyshortcuts': this.keys[thread] },
                                () => this.choose(edge)))));
                }
                if (own.length === 1) {
                    const result = results[thread] ? [make('span', { class: 'scheduler-label' }, `last result: ${results[thread]}`)] : [];
                    const step = button('', { class: 'scheduler-step', 'data-edge': own[0].index, 'data-thread': thread,
                        'aria-keyshortcuts': this.keys[thread] }, () => this.choose(own[0]));
                    // A label usually says what a step has found. These two say why a task is polled, so they're known before.
                    const why = /^(its timer|is canceled)/.test(own[0].label) ? `: ${own[0].label}` : '';
                    step.append(head, make('span', { class: 'scheduler-next' }, `${cursor.next}${why}`), key);
                    return make('div', { class: 'scheduler-thread' }, step, ...result);
                }
                return make('div', { class: 'scheduler-thread is-blocked' }, head, make('span', {}, stateOf(cursor, recording.ending(this.node))));
            });
            const head = edges.length ? 'Which thread takes the next step?'
                : recording.ending(node)?.kind === 'deadlock' ? 'No thread can take a step' : 'The program has ended';
            this.choices.replaceChildren(make('p', { class: 'scheduler-head' }, head), ...rows);
        }

        showShared() {
            const { recording, node } = this;
            const isHeld = recording.values.some(([, , holders]) => holders);
            const rows = recording.objects(node).map(({ name, kind, value, holders }) => make('tr', {},
                make('th', { scope: 'row' }, make('code', {}, name)),
                make('td', {}, value || '–', make('span', { class: 'scheduler-kind' }, ` ${kind}`)),
                ...(isHeld ? [make('td', {}, ...holders.map(thread =>
                    make('span', { class: `scheduler-name scheduler-thread-${thread}` }, recording.threads[thread])))] : [])));
            const table = make('table', {}, make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'shared'),
                make('th', { scope: 'col' }, 'value'), ...(isHeld ? [make('th', { scope: 'col' }, 'held by')] : []))), make('tbody', {}, ...rows));
            const output = recording.output(node);
            this.shared.replaceChildren(...(rows.length ? [table] : []),
                ...(output.length ? [make('p', { class: 'scheduler-head' }, 'Output'), make('pre', { class: 'scheduler-output' }, output.join('\n'))] : []));
        }

        // Draws which thread waits for which other thread. Waiting for the end of a thread is shown only in a deadlock.
        showWaits(ending) {
            const { recording, node } = this;
            const arrows = recording.cursors(node).flatMap((cursor, thread) =>
                cursor.next?.startsWith('join') && ending?.kind !== 'deadlock' ? [] : (cursor.waits?.on ?? []).map(on => [thread, on]));
            if (!arrows.length) return this.waits.replaceChildren();
            const cycle = ending?.cycle ?? findCycle(arrows);
            const onCycle = ([from, to]) => cycle.some((thread, index) => thread === from && cycle[(index + 1) % cycle.length] === to);
            const threads = [...new Set(arrows.flat())].sort((a, b) => a - b);
            const names = threads.map(thread => recording.threads[thread]);
            const text = arrows.map(([from, to]) => `${recording.threads[from]} waits for ${recording.threads[to]}`).join('; ');
            this.waits.replaceChildren(make('p', { class: 'scheduler-head' }, cycle.length ? 'Who waits for whom: a cycle' : 'Who waits for whom'),
                graph(threads, names, arrows, onCycle, text));
        }

        showSteps(ending) {
            const { recording } = this;
            const threads = recording.threads.map((_, thread) => thread)
                .filter(thread => thread > 0 || this.history.some(it => it.thread === 0));
            const wrong = ending && !ending.goal && !recording.question ? this.wrongStep() : -1;
            const rows = this.history.map(({ thread, from, label, automatic }, index) => {
                const { next } = recording.cursors(from)[thread];
                const switched = index > 0 && this.history[index - 1].thread !== thread;
                return make('tr', { class: `${switched ? 'is-switch' : ''}${automatic ? ' is-automatic' : ''}${index === wrong ? ' is-wrong' : ''}` },
                    make('th', { scope: 'row' }, String(index + 1),
                        ...(index === wrong ? [make('span', { class: 'scheduler-sr' }, ' puts the goal out of reach')] : [])),
                    ...threads.map(it => it === thread
                        ? make('td', { class: `scheduler-thread-${thread}` }, next, ...(label ? [make('span', { class: 'scheduler-label' }, ` ${label}`)] : []))
                        : make('td', {})));
            });
            const table = make('table', { class: 'scheduler-steps' },
                make('caption', {}, rows.length ? `Your schedule: ${plural(rows.length, 'step')}` : 'Your schedule is empty: choose a thread'),
                make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Step'),
                    ...threads.map(thread => make('th', { scope: 'col', class: `scheduler-thread-${thread}` }, recording.threads[thread])))),
                make('tbody', {}, ...rows));
            if (ending) {
                table.append(make('tfoot', {}, make('tr', {}, make('th', { scope: 'row' }, 'End'),
                    make('td', { colspan: String(threads.length) }, ending.text))));
            }
            this.steps.replaceChildren(table);
        }

        showEndings() {
            const { recording } = this;
            if (!this.revealed && this.found.size === recording.endings.length) this.revealed = true;
            const listed = recording.endings.filter(ending => this.revealed || this.found.has(ending));
            const rows = listed.map(ending => make('tr', { class: ending.goal ? 'is-goal' : '' },
                ...(this.revealed ? [make('td', { class: 'scheduler-count' }, grouped(ending.schedules))] : []),
                make('td', {}, ending.text, ...(ending.goal ? [' ', make('b', {}, '(the goal)')] : [])),
                make('td', {}, ...(ending.steps ? [button('Play', { 'aria-label': `Play the shortest schedule to: ${ending.text}` },
                    () => this.playEnding(ending))] : []))));
            this.endings.replaceChildren(make('table', {},
                make('caption', {}, this.revealed ? `${grouped(recording.schedules)} schedules lead to ${plural(recording.endings.length, 'ending')}`
                    : `You’ve found ${plural(listed.length, 'ending')}`),
                make('thead', {}, make('tr', {}, ...[...(this.revealed ? ['schedules'] : []), 'ending', 'shortest'].map(it => make('th', { scope: 'col' }, it)))),
                make('tbody', {}, ...rows)));
        }
    }

    // Describes in words how the program has ended.
    function sentence({ kind, text }) {
        return kind === 'deadlock' ? `${text[0].toUpperCase()}${text.slice(1)}.` : `The program has ended: ${text}.`;
    }

    // Describes in words a thread that can’t take a step, because it has to wait or because the program has returned.
    function stateOf({ next, waits, panicked }, ending) {
        if (panicked) return `has panicked: ${panicked}`;
        if (!next) return 'has finished';
        if (ending && ending.kind !== 'deadlock') return 'was still running';
        return waits?.why ?? `can’t ${next} yet`;
    }

    // A cycle in the wait-for graph, as a list of threads, or an empty list.
    function findCycle(arrows) {
        const walk = (path, thread) => {
            const at = path.indexOf(thread);
            if (at >= 0) return path.slice(at);
            for (const [from, to] of arrows) {
                if (from !== thread) continue;
                const cycle = walk([...path, thread], to);
                if (cycle.length) return cycle;
            }
            return [];
        };
        for (const [from] of arrows) {
            const cycle = walk([], from);
            if (cycle.length) return cycle;
        }
        return [];
    }

    // The wait-for graph as a picture: threads on a circle, an arrow from each waiting thread to the one it waits for.
    function graph(threads, names, arrows, onCycle, text) {
        const svg = (name, attributes, ...children) => {
            const element = document.createElementNS('http://www.w3.org/2000/svg', name);
            for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
            element.append(...children);
            return element;
        };
        const size = 150, center = size / 2, radius = threads.length > 1 ? 48 : 0, node = 17;
        const place = index => {
            const angle = Math.PI * (2 * index / threads.length - (threads.length === 2 ? 1 : 0.5));
            return [center + radius * Math.cos(angle), center + radius * Math.sin(angle)];
        };
        // The head of an arrow that ends in `to` and comes from `from`. Markers would need ids, which a page may have only once.
        const tip = ([x, y], [u, v]) => {
            const length = Math.hypot(u - x, v - y), dx = 8 * (u - x) / length, dy = 8 * (v - y) / length;
            return svg('path', { class: 'scheduler-tip', d: `M${u + dx / 3} ${v + dy / 3} L${u - dx - dy / 2} ${v - dy + dx / 2} L${u - dx + dy / 2} ${v - dy - dx / 2} Z` });
        };
        const lines = arrows.map(arrow => {
            const [x, y] = place(threads.indexOf(arrow[0]));
            const [u, v] = place(threads.indexOf(arrow[1]));
            const kind = onCycle(arrow) ? 'scheduler-arrow is-cycle' : 'scheduler-arrow';
            if (arrow[0] === arrow[1]) {
                const to = [x + 9, y - node - 3];
                return svg('g', { class: kind },
                    svg('path', { d: `M${x - 8} ${y - node} C${x - 30} ${y - 55} ${x + 30} ${y - 55} ${to}` }), tip([x + 25, y - 50], to));
            }
            const length = Math.hypot(u - x, v - y), dx = (u - x) / length, dy = (v - y) / length, bend = 14;
            const from = [x + dx * node - dy * 5, y + dy * node + dx * 5];
            const to = [u - dx * (node + 5) - dy * 5, v - dy * (node + 5) + dx * 5];
            const control = [(x + u) / 2 - dy * bend, (y + v) / 2 + dx * bend];
            return svg('g', { class: kind }, svg('path', { d: `M${from} Q${control} ${to}` }), tip(control, to));
        });
        const circles = threads.flatMap((thread, index) => {
            const [x, y] = place(index);
            return [svg('circle', { class: `scheduler-node scheduler-thread-${thread}`, cx: x, cy: y, r: node }),
                svg('text', { x, y: y + 5, 'text-anchor': 'middle' }, names[index])];
        });
        return svg('svg', { class: 'scheduler-graph', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': text },
            ...lines, ...circles);
    }

    // Turns an element with a recording in it into a lab.
    function start(element) {
        const script = element.querySelector('script[type="application/json"]');
        const listing = element.querySelector('.scheduler-listing')?.textContent;
        return script ? new Lab(element, read(JSON.parse(script.textContent), listing)) : null;
    }

    // Adds a link to each lab at the beginning of the page, which is shown when the Tab key reaches it.
    function addSkipLinks(labs) {
        const links = labs.map(({ live, recording }) => {
            live.id ||= `lab-${recording.name}`;
            return make('a', { class: 'skip-link', href: `#${live.id}` }, `Skip to the lab: ${recording.title}`);
        });
        document.querySelector('.skip-link')?.after(...links);
    }

    addSkipLinks([...document.querySelectorAll('.scheduler')].map(start).filter(Boolean));

    return { Lab, read, start };
})();
