// session.ts - who uses the page, as the API sees it.

import { Store } from '../lib/store.ts';
import { ApiError, get, hasToken, post, setToken } from './client.ts';
import type { Session } from './types.ts';

export type Access =
    | { state: 'unknown' }
    | { state: 'open'; session: Session }
    | { state: 'closed' }                       // a log-in is needed
    | { state: 'refused'; message: string };    // whoever asks from here

export const access = new Store<Access>({ state: 'unknown' });

// Ask anew.  Does not throw: without an API the player can still play.
export async function findOut(): Promise<Access> {
    try {
        access.set({ state: 'open', session: await get<Session>('/api/session', { quiet: true }) });
    } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (status === 401) {
            setToken(null);
            access.set({ state: 'closed' });
        } else if (status !== 0) {
            access.set({ state: 'refused', message: (error as Error).message });
        }
    }
    return access.get();
}

export async function logIn(username: string, password: string): Promise<void> {
    const answer = await post<{ token: string }>('/api/login', { username, password }, { quiet: true });
    setToken(answer.token);
    await findOut();
}

export async function logOut(): Promise<void> {
    try {
        if (hasToken())
            await post('/api/logout', {}, { quiet: true });
    } catch {
        // A session that cannot be ended ends by itself.
    }
    setToken(null);
    await findOut();
}

export function isAdmin(): boolean {
    const now = access.get();
    return now.state === 'open' && now.session.role === 'admin';
}
