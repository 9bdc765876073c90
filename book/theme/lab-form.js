// The options of a demo: as the words of a command, as fields that a reader can change, and as the room wants them.
'use strict';

const LabForm = (() => {
    const fields = { whole: number, number, seed: text, choice, switch: tick };
    let forms = 0;

    function make(name, attributes = {}, ...children) {
        const element = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            if (value !== null && value !== false) element.setAttribute(key, value === true ? '' : value);
        }
        element.append(...children);
        return element;
    }

    // What a command runs and with which options: `cargo run --bin chapter-NAME -- OPTIONS`. Nothing, if it is none.
    function parse(command) {
        const [before, after = ''] = command.trim().split(/\s+--(?:\s+|$)/, 2);
        const lab = before.match(/^cargo run\b.*--bin chapter-(\w+)$/)?.[1];
        return lab ? { lab, ...words(after) } : null;
    }

    // Options as they stand in a command. A word without dashes is positional.
    function words(text) {
        const options = {};
        let positional;
        for (const word of text.trim().split(/\s+/).filter(Boolean)) {
            const flag = word.match(/^--([\w-]+)(?:=(.*))?$/);
            if (flag) options[flag[1]] = flag[2] ?? true;
            else positional = word;
        }
        return { options, positional };
    }

    // The options that a demo has, with the values that were given, in the order of the schema; the rest is not there.
    function known(schema, { options, positional }) {
        const values = {};
        for (const option of schema) {
            const given = option.positional ? positional : options[option.name];
            if (given === undefined || given === null || given === '') continue;
            values[option.name] = typed(option, given);
        }
        return values;
    }

    function typed(option, value) {
        if (option.kind === 'switch') return value === true || value === 'true';
        if (option.kind === 'whole' || option.kind === 'number') return Number(value);
        if (option.kind === 'seed') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
        return String(value);
    }

    // The words that values amount to, as one would type them.
    function told(schema, values) {
        const words = [];
        for (const option of schema) {
            const value = values[option.name];
            if (value === undefined || value === false) continue;
            if (option.positional) words.unshift(String(value));
            else words.push(value === true ? `--${option.name}` : `--${option.name}=${value}`);
        }
        return words;
    }

    function command(lab, schema, values) {
        const words = told(schema, values);
        return [`cargo run --bin ${lab.bin}`, ...words.length ? ['--', ...words] : []].join(' ');
    }

    // The fields of some of a demo's options. `changed` is called when a reader has changed one.
    class Form {
        constructor(schema, names, start, changed) {
            this.schema = schema;
            this.start = start;
            this.element = make('div', { class: 'lab-fields', role: 'group', 'aria-label': 'Options' });
            this.fields = new Map();
            forms += 1;
            for (const name of names) {
                const option = schema.find(option => option.name === name);
                if (!option) continue;
                const field = fields[option.kind](option, start[name] ?? option.default ?? null, `lab-${forms}-${name}`);
                field.option = option;
                this.fields.set(name, field);
                this.element.append(field.element);
            }
            this.element.addEventListener('input', changed);
        }

        // Whether all fields hold what their options allow. The first that does not says so.
        check() {
            return [...this.fields.values()].every(field => field.inputs.every(input => input.reportValidity()));
        }

        // What to run: what the page says, and what the reader has changed.
        get values() {
            const values = { ...this.start };
            for (const [name, { option, read }] of this.fields) {
                const value = read();
                const usual = value === option.default || value === '' || (option.kind === 'switch' && !value);
                if (usual && (value === '' || !(name in this.start))) delete values[name];
                else if (option.kind === 'switch' && !value) delete values[name];
                else values[name] = typed(option, value);
            }
            return values;
        }
    }

    function labelled(option, id, input) {
        const label = make('label', { for: id }, option.name);
        return make('div', { class: `lab-field is-${option.kind}`, title: option.help }, label, input);
    }

    function number(option, value, id) {
        const input = make('input', {
            id, type: 'number', required: option.default !== undefined && option.default !== null,
            min: option.least, max: option.most, step: option.kind === 'whole' ? 1 : 'any', value, autocomplete: 'off',
        });
        return { element: labelled(option, id, input), inputs: [input], read: () => input.value === '' ? '' : Number(input.value) };
    }

    function text(option, value, id) {
        const input = make('input', {
            id, type: 'text', inputmode: 'numeric', pattern: '[+\\-]?[0-9]+', placeholder: 'a new one', value,
            maxlength: 40, autocomplete: 'off', spellcheck: 'false', title: `${option.help ?? ''} A whole number, or nothing.`,
        });
        return { element: labelled(option, id, input), inputs: [input], read: () => input.value.trim() };
    }

    function tick(option, value, id) {
        const input = make('input', { id, type: 'checkbox', checked: value === true });
        return { element: labelled(option, id, input), inputs: [input], read: () => input.checked };
    }

    // Few values stand side by side; many are a list.
    function choice(option, value, id) {
        const letters = option.values.reduce((sum, { value }) => sum + value.length + 3, 0);
        if (option.values.length > 4 || letters > 42) {
            const items = option.values.map(it => make('option', { value: it.value, selected: it.value === value, title: it.help }, it.value));
            if (value === null) items.unshift(make('option', { value: '', selected: true }, option.positional ? 'all' : 'as usual'));
            const select = make('select', { id }, ...items);
            return { element: labelled(option, id, select), inputs: [select], read: () => select.value };
        }
        const inputs = option.values.map((it, index) => make('input', {
            id: `${id}-${index}`, type: 'radio', name: id, value: it.value, checked: it.value === value,
        }));
        const segments = inputs.map((input, index) => {
            const { value, help } = option.values[index];
            return make('label', { for: input.id, title: help }, input, make('span', {}, value));
        });
        const group = make('fieldset', { class: 'lab-field is-segments', title: option.help },
            make('legend', {}, option.name), make('div', { class: 'lab-segments' }, ...segments));
        return { element: group, inputs, read: () => inputs.find(input => input.checked)?.value ?? '' };
    }

    return { Form, make, parse, words, known, told, command };
})();
