// Exercises: beside each command that checks one, a button that checks it in the reading room, and a mark if it's solved. On a
// page that the room doesn't serve, nothing is added.
'use strict';

(() => {
    if (!LabRoom.there) return;
    const { make } = LabForm;
    const COMMAND = /^\$ cargo run --bin exercises -- run (\w+)$/m;

    const REASONS = {
        stopped: 'You have stopped it.',
        too_long: 'The check took too long, so the room stopped it.',
    };

    class Exercise {
        constructor(name, block) {
            this.name = name;
            this.button = make('button', { type: 'button' }, 'Check');
            this.button.addEventListener('click', () => this.running ? this.stop() : this.check());
            this.status = make('span', { class: 'exercise-status', role: 'status' });
            this.report = make('pre', { class: 'exercise-report', tabindex: '0', 'aria-label': `The result of ${name}`, hidden: true });
            block.after(make('div', { class: 'exercise', role: 'group', 'aria-label': `Exercise ${name}` },
                make('div', { class: 'exercise-tools' }, this.button, this.status), this.report));
        }

        mark(solved) {
            this.status.textContent = solved ? '✓ solved' : '';
        }

        show(text) {
            this.report.textContent = text;
            this.report.hidden = !text;
        }

        stop() {
            this.stopped = true;
            this.running.abort();
        }

        async check() {
            this.running = new AbortController();
            this.stopped = false;
            this.button.textContent = 'Stop';
            this.status.textContent = `Checking chapters/exercises/${this.name}.rs …`;
            this.show('');
            let result, ended, problem = '';
            const take = line => {
                if (line.room === 'ended') ended = line;
                else if (line.exercise) result = line;
            };
            await LabRoom.run('exercise', { name: this.name }, take, this.running.signal).catch(error => {
                problem = error.message;
            });
            this.running = null;
            this.button.textContent = 'Check';
            this.mark(result?.solved);
            if (result) {
                this.show(result.report);
                showProgress();
            }
            else if (this.stopped) this.status.textContent = REASONS.stopped;
            else this.show(ended?.error ?? REASONS[ended?.why] ?? (problem || 'The check ended without a result.'));
        }
    }

    const exercises = [];
    for (const code of document.querySelectorAll('pre > code.language-console')) {
        const name = code.textContent.match(COMMAND)?.[1];
        if (name) exercises.push(new Exercise(name, code.parentElement));
    }
    if (!exercises.length) return;
    const heading = document.querySelector('#exercises');
    const progress = make('p', { class: 'exercise-progress', hidden: true });
    heading?.after(progress);

    // Shows how many exercises are solved, here or in a terminal. If the room doesn't answer, the last number stays.
    async function showProgress() {
        const all = await LabRoom.exercises().catch(() => null);
        if (!all) return null;
        progress.textContent = `You have solved ${all.solved.length} of ${all.exercises.length} exercises.`;
        progress.hidden = false;
        return all;
    }

    showProgress().then(all => {
        for (const exercise of exercises) exercise.mark(all?.solved.includes(exercise.name));
    });
})();
