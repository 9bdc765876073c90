// Conveniences for readers whose browser runs JavaScript. The book is complete without them.
'use strict';

// Makes the skip link the first stop of the Tab key.
(() => {
    const link = document.querySelector('.skip-link');
    if (link) document.body.prepend(link);
})();

// mdBook turns pages with the left and right arrow keys. Those keys also scroll wide listings, and move a screen reader from
// letter to letter, so here turning a page takes Shift as well. Shift and an arrow still extend a selection and work in
// text fields.
(() => {
    const turns = { ArrowLeft: ['prev', 'Left'], ArrowRight: ['next', 'Right'] };
    const hasModifier = event => event.altKey || event.ctrlKey || event.metaKey;
    const isEditable = target => target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);

    // mdBook listens on the document, so this handler runs first.
    document.documentElement.addEventListener('keydown', event => {
        if (!(event.key in turns) || hasModifier(event)) return;
        event.stopPropagation();
        const [rel] = turns[event.key];
        const link = document.querySelector(`.nav-chapters[rel~="${rel}"]`);
        const free = !event.defaultPrevented && !isEditable(event.target) && getSelection().isCollapsed;
        if (event.shiftKey && free && link) location.assign(link.href);
    });

    for (const [rel, key] of Object.values(turns)) {
        for (const link of document.querySelectorAll(`.nav-wrapper [rel~="${rel}"], .nav-wide-wrapper [rel~="${rel}"]`)) {
            link.setAttribute('aria-keyshortcuts', `Shift+Arrow${key}`);
            link.title += ` (Shift and ${key} arrow)`;
        }
    }
    const help = document.querySelector('#mdbook-help-popup p');
    if (help) {
        help.innerHTML = 'Press <kbd>Shift</kbd> and <kbd>←</kbd> or <kbd>→</kbd> to turn pages';
    }
})();

// Puts elements that scroll sideways, and no others, into the Tab order.
(() => {
    const boxes = document.querySelectorAll('main pre > code, main figcaption code, main .table-wrapper, main figure');
    const update = () => boxes.forEach(box => {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
        else box.removeAttribute('tabindex');
    });
    // Fonts and open details change the layout, so it is observed.
    new ResizeObserver(update).observe(document.querySelector('main'));
    addEventListener('load', update);
})();

// Lets a line break between the values of a flag, but not at its hyphens. Other code in a table breaks between names.
for (const code of document.querySelectorAll('main :is(p, li, dd, td, figcaption, summary) code')) {
    const text = code.textContent;
    if (/^-\S+$/.test(text)) {
        code.replaceChildren(...text.split(/(?<=\|)/).map(piece => {
            const part = document.createElement('span');
            part.className = 'flag';
            part.textContent = piece;
            return part;
        }));
    } else if (code.closest('td')) {
        const pieces = text.split(/(?<=::|[(_])|(?<=\w)(?=\.\w)/);
        code.replaceChildren(...pieces.flatMap((piece, at) => at ? [document.createElement('wbr'), piece] : [piece]));
    }
}

// On a phone the cells of a row are stacked, each with the heading of its column. The roles keep it a table for screen
// readers.
for (const table of document.querySelectorAll('main table')) {
    const heads = [...table.querySelectorAll('thead th')].map(head => head.textContent);
    const roles = { thead: 'rowgroup', tbody: 'rowgroup', tr: 'row', th: 'columnheader', td: 'cell' };
    table.setAttribute('role', 'table');
    for (const [name, role] of Object.entries(roles)) {
        table.querySelectorAll(name).forEach(part => part.setAttribute('role', role));
    }
    for (const row of table.querySelectorAll('tbody tr')) {
        [...row.cells].forEach((cell, column) => { cell.dataset.head = heads[column] ?? ''; });
    }
    table.classList.add('stacks');
}

// Opens all details for printing.
(() => {
    let closed = [];
    addEventListener('beforeprint', () => {
        closed = [...document.querySelectorAll('details:not([open])')];
        closed.forEach(details => { details.open = true; });
    });
    addEventListener('afterprint', () => {
        closed.forEach(details => { details.open = false; });
        closed = [];
    });
})();
