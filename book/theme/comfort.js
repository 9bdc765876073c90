// What makes reading easier, for readers whose browser runs scripts. The book is complete without it.
'use strict';

// The first thing that the keyboard reaches is the link that skips all that is not text.
(() => {
    const link = document.querySelector('.skip-link');
    if (link) document.body.prepend(link);
})();

// The left and right arrow keys scroll what is wide, and move those who listen from letter to letter. mdBook turns pages
// with them; here that takes the Shift key, too. With it they select text where some is selected, or can be written.
(() => {
    const turns = { ArrowLeft: ['prev', 'Left'], ArrowRight: ['next', 'Right'] };
    const others = event => event.altKey || event.ctrlKey || event.metaKey;
    const writes = target => target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);

    // Below the document, on which mdBook listens.
    document.documentElement.addEventListener('keydown', event => {
        if (!(event.key in turns) || others(event)) return;
        event.stopPropagation();
        const [rel] = turns[event.key];
        const link = document.querySelector(`.nav-chapters[rel~="${rel}"]`);
        const free = !event.defaultPrevented && !writes(event.target) && getSelection().isCollapsed;
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

// What scrolls sideways can be reached by the keyboard, and only that.
(() => {
    const boxes = document.querySelectorAll('main pre > code, main figcaption code, main .table-wrapper, main figure');
    const update = () => boxes.forEach(box => {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
        else box.removeAttribute('tabindex');
    });
    // The text is as wide and as high as its boxes, its fonts and what is open in it make it.
    new ResizeObserver(update).observe(document.querySelector('main'));
    addEventListener('load', update);
})();

// A flag is read in one piece, or broken between the values that it can have: no line ends in its hyphens. Other code in a
// table is broken where one of its names ends.
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

// On a phone the cells of a row stand one below the other. Each knows the head of its column, and for those who listen a
// table stays a table.
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

// On paper nothing can be opened, so everything is open.
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
