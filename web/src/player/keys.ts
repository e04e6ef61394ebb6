// keys.ts - the sign or token that a viewer has for a stream, kept for as long as the tab lives.  Who
// may administrate the server is given one when it is needed.

import { post } from '../api/client.ts';
import { isAdmin } from '../api/session.ts';
import { accessOf } from './urls.ts';

const KEPT = 'millrace.access';
const SIGN_S = 6 * 3600;

const access = new Map<string, string>(read());

function read(): [string, string][] {
    try {
        return Object.entries(JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Record<string, string>);
    } catch {
        return [];
    }
}

export function accessTo(streamPath: string): string {
    return access.get(streamPath) ?? '';
}

export function setAccess(streamPath: string, text: string): string {
    const query = accessOf(text);
    if (query === '')
        access.delete(streamPath);
    else
        access.set(streamPath, query);
    try {
        sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(access)));
    } catch {
        // It holds until the page is left.
    }
    return query;
}

export function canSign(): boolean {
    return isAdmin();
}

// A sign from the server, for who is logged in.
export async function signFor(streamPath: string): Promise<string> {
    const { query } = await post<{ query: string }>('/api/sign', { use: 'play', path: streamPath, ttlS: SIGN_S });
    return setAccess(streamPath, query);
}
