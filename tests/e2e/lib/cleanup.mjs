// cleanup.mjs - what a test has begun is undone at its end: the last first, all of it, whatever fails.

const pending = new WeakMap();

export function cleanup(t, undo) {
    if (!pending.has(t)) {
        pending.set(t, []);
        t.after(() => undoAll(pending.get(t)));
    }
    pending.get(t).push(undo);
}

async function undoAll(actions) {
    const errors = [];
    while (actions.length > 0) {
        try {
            await actions.pop()();
        } catch (error) {
            errors.push(error);
        }
    }
    if (errors.length > 0)
        throw errors[0];
}
