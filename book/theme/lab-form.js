// The options of a demo in three forms: the arguments of a command line, the fields of a form, and the values in a request
// to the room.
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

    // Parses `cargo run --bin chapter-NAME -- OPTIONS`, perhaps with `-p PACKAGE`, into the lab's name and its options. Returns null for other commands.
    function parse(command) {
        const [before, after = ''] = command.trim().split(/\s+--(?:\s+|$)/, 2);
        const lab = before.match(/^cargo run\b.*--bin chapter-(\w+)$/)?.[1];
        return lab ? { lab, ...parseArguments(after) } : null;
    }

    // Parses command-line arguments. An argument without dashes is positional.
    function parseArguments(text) {
        const options = {};
        let positional;
        for (const word of text.trim().split(/\s+/).filter(Boolean)) {
            const flag = word.match(/^--([\w-]+)(?:=(.*))?$/);
            if (flag) options[flag[1]] = flag[2] ?? true;
            else positional = word;
        }
        return { options, positional };
    }

    // The given options that the schema knows, converted to the types of the schema and in its order.
    function typedOptions(schema, { options, positional }) {
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

    // The command-line arguments for some values.
    function toArguments(schema, values) {
        const parts = [];
        for (const option of schema) {
            const value = values[option.name];
            if (value === undefined || value === false) continue;
            if (option.positional) parts.unshift(String(value));
            else parts.push(value === true ? `--${option.name}` : `--${option.name}=${value}`);
        }
        return parts;
    }

    function command(lab, schema, values) {
        const parts = toArguments(schema, values);
        return [lab.cargo, ...parts.length ? ['--', ...parts] : []].join(' ');
    }

    // A form with some of a demo's options. Calls `changed` when the reader changes a field.
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

        // Whether every field has a valid value. The browser reports the first that doesn't.
        check() {
            return [...this.fields.values()].every(field => field.inputs.every(input => input.reportValidity()));
        }

        // The options for a run: those of the page, with the reader's changes.
        get values() {
            const values = { ...this.start };
            for (const [name, { option, read }] of this.fields) {
                const value = read();
                const isDefault = value === option.default || value === '' || (option.kind === 'switch' && !value);
                if (isDefault && (value === '' || !(name in this.start))) delete values[name];
                else if (option.kind === 'switch' && !value) delete values[name];
                else values[name] = typed(option, value);
            }
            return values;
        }
    }

    function labeled(option, id, input) {
        const label = make('label', { for: id }, option.label ?? option.name);
        return make('div', { class: `lab-field is-${option.kind}`, title: option.help }, label, input);
    }

    function number(option, value, id) {
        const input = make('input', {
            id, type: 'number', required: option.default !== undefined && option.default !== null,
            min: option.least, max: option.most, step: option.kind === 'whole' ? 1 : 'any', value, autocomplete: 'off',
        });
        return { element: labeled(option, id, input), inputs: [input], read: () => input.value === '' ? '' : Number(input.value) };
    }

    function text(option, value, id) {
        const input = make('input', {
            id, type: 'text', inputmode: 'numeric', pattern: '[+\\-]?[0-9]+', placeholder: 'random', value,
            maxlength: 40, autocomplete: 'off', spellcheck: 'false', title: `${option.help ?? ''} An integer, or empty for a random seed.`,
        });
        return { element: labeled(option, id, input), inputs: [input], read: () => input.value.trim() };
    }

    function tick(option, value, id) {
        const input = make('input', { id, type: 'checkbox', checked: value === true });
        return { element: labeled(option, id, input), inputs: [input], read: () => input.checked };
    }

    // A few values become a row of radio buttons; more become a drop-down list.
    function choice(option, value, id) {
        const letters = option.values.reduce((sum, { value }) => sum + value.length + 3, 0);
        if (option.values.length > 4 || letters > 42) {
            const items = option.values.map(it => make('option', { value: it.value, selected: it.value === value, title: it.help }, it.value));
            if (value === null) items.unshift(make('option', { value: '', selected: true }, option.positional ? 'all' : 'default'));
            const select = make('select', { id }, ...items);
            return { element: labeled(option, id, select), inputs: [select], read: () => select.value };
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

    return { Form, make, parse, parseArguments, typedOptions, toArguments, command };
})();
