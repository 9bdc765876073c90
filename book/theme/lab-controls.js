// The controls above the picture of a lab in the reading room: the options, the button that starts and stops a run, and the
// command line for the chosen options.
'use strict';

const LabControls = (() => {
    const { Form, make, parse, parseArguments, typedOptions, toArguments, command } = LabForm;

    function button(text, attributes, act) {
        const element = make('button', { type: 'button', ...attributes }, text);
        element.addEventListener('click', act);
        return element;
    }

    function checkbox(text, title, checked, act) {
        const input = make('input', { type: 'checkbox', checked });
        input.addEventListener('change', act);
        return { label: make('label', { class: 'lab-tick', title }, input, text), input };
    }

    const MODELS = ['threads', 'processes', 'coroutines'];

    class Controls {
        // `given` is the parsed command of the caption. `run(plan, current)` runs a plan; it ends early when `current.abort`
        // aborts. `python` is the command of the recorded run in CPython, if there is one.
        constructor(figure, labs, given, run, python = null) {
            Object.assign(this, { labs, given, run, python: python && parse(python).options });
            // Some demos exist on Linux only.
            this.series = (figure.dataset.series ?? '').split(';').map(it => it.trim())
                .filter(it => it && (parseArguments(it).positional ?? given.lab) in labs);
            this.current = null;
            const { options: schema } = labs[given.lab];
            const start = parseArguments(figure.dataset.start ?? '');
            const both = { options: { ...given.options, ...start.options }, positional: start.positional ?? given.positional };
            const names = (figure.dataset.controls ?? '').split(/\s+/).filter(Boolean);
            this.form = new Form(schema, names, typedOptions(schema, both), () => this.change());
            this.beside = this.python && checkbox('beside CPython', 'Run the same service in Python too, with your python3', false, () => this.change());
            if (this.beside) this.form.element.append(this.beside.label);
            this.go = button('', { class: 'lab-go is-live' }, () => this.press());
            this.code = make('code', { class: 'lab-code' });
            this.copy = button('Copy', { class: 'lab-copy', 'aria-label': 'Copy the command' }, () => this.copied());
            this.message = make('p', { class: 'lab-message', role: 'alert', hidden: true });
            const row = make('div', { class: 'lab-actions' }, this.form.element, this.go,
                make('div', { class: 'lab-command' }, this.code, this.copy));
            this.element = make('div', { class: 'lab-controls' }, row, this.message);
            this.element.addEventListener('keydown', event => {
                if (event.key !== 'Enter' || event.target.tagName !== 'INPUT') return;
                event.preventDefault();
                if (!this.current) this.press();
            });
            this.change();
        }

        // The runs that the button starts, in order: for each its lab, its options, and the arguments that label it.
        get plan() {
            const { values } = this.form;
            const own = (this.series.length ? this.series : ['']).map(item => {
                const { options, positional } = parseArguments(item);
                const name = positional ?? this.given.lab;
                const lab = this.labs[name];
                const own = lab.options.filter(it => it.name in values).map(it => [it.name, values[it.name]]);
                const asked = { ...Object.fromEntries(own), ...typedOptions(lab.options, { options }) };
                const shown = toArguments(lab.options, asked);
                return { name, values: asked, arguments: positional ? [lab.bin, ...shown] : shown, command: command(lab, lab.options, asked) };
            });
            if (!this.beside?.input.checked) return own;
            const beside = own.map(asked => this.inPython(asked));
            const isNew = (asked, index) => beside.findIndex(it => it.command === asked.command) === index;
            return [...own, ...beside.filter(isNew)];
        }

        // The run of the Python service with the options of another run.
        inPython({ name, values }) {
            const lab = this.labs.python;
            const model = this.series.length && MODELS.includes(name) && name !== this.given.lab ? name : this.python.model ?? 'threads';
            const own = lab.options.filter(it => it.name in values).map(it => [it.name, values[it.name]]);
            const asked = { ...Object.fromEntries(own), model };
            if (model !== 'processes') delete asked.method;
            return { name: 'python', values: asked, arguments: [lab.bin, ...toArguments(lab.options, asked)], command: command(lab, lab.options, asked) };
        }

        change() {
            this.label();
            // Lines break between arguments only, and the copied text is what a reader would type.
            const line = ({ command }) => command.split(' ').flatMap((word, index) => [index ? ' ' : '', make('span', {}, word)]);
            this.code.replaceChildren(...this.plan.flatMap((asked, index) => [index ? '\n' : '', ...line(asked)]));
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
            const { length } = this.plan;
            this.go.textContent = this.current ? 'Stop' : length > 1 ? `Run ${length === 2 ? 'both' : 'all'}` : 'Run';
            this.go.classList.toggle('is-stop', Boolean(this.current));
        }

        press() {
            if (this.current) this.stop();
            else if (this.form.check()) this.start();
        }

        async start() {
            this.fail();
            this.current = { abort: new AbortController(), stopped: false, id: null };
            this.label();
            try {
                await this.run(this.plan, this.current);
            } finally {
                this.current = null;
                this.label();
            }
        }

        stop() {
            const { current } = this;
            current.stopped = true;
            if (current.id === null) current.abort.abort();
            else LabRoom.stop(current.id).catch(error => this.fail(error.message));
        }

        fail(text) {
            this.message.textContent = text ?? '';
            this.message.hidden = !text;
        }

        // Runs one entry of the plan. Returns the room's last line, or null if the run was aborted.
        async runOne({ name, values }, current, take) {
            let end = null;
            try {
                await LabRoom.run(name, values, line => {
                    if (line.room === 'started') current.id = line.run;
                    else if (line.room === 'ended') end = line;
                    if (!line.room || line.room === 'started') take(line);
                }, current.abort.signal);
            } catch (error) {
                if (!current.abort.signal.aborted) this.fail(error.message);
            }
            current.id = null;
            return end;
        }
    }

    return { Controls, button, checkbox };
})();
