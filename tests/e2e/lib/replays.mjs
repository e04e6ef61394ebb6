// replays.mjs - what was recorded, watched again.

import { openViewer } from './viewers.mjs';

export const query = members => new URLSearchParams(members).toString();
export const atTime = ms => new Date(ms).toISOString();

// One who watches recordings of `path`; as fast as they come, unless told otherwise.
export function openReplay(t, server, path, members = {}, protocol = 'http') {
    return openViewer(t, server, protocol, `/records${path}`, { query: query({ pace: 'fast', ...members }) });
}

// The same to its end: all tags.
export async function replay(t, server, path, members, protocol) {
    const viewer = openReplay(t, server, path, members, protocol);
    await viewer.started;
    await viewer.ended();
    viewer.reader.assertWhole();
    return viewer;
}

// Tags as they come when they begin with the `first` of them, whose time is 0 then.
export function fromThere(tags, first) {
    const from = tags.indexOf(first);
    return tags.slice(from).map(tag => ({ ...tag, timestamp: Math.max(tag.timestamp - first.timestamp, 0) }));
}
