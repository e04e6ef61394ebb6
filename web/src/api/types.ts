// types.ts - what the API answers (docs/API.md), as far as the pages use it.

export type Role = 'viewer' | 'admin';

export interface Session {
    role: Role;
    username: string | null;
    via: string;
}

export interface List<Item> {
    items: Item[];
    total: number;
    page: number;
    pageSize: number;
}

export interface Peer {
    id: string;
    ip: string;
    port: number;
    protocol: string;
    createTime: string;
    inBytes: number;
    inBitrate: number;
    userAgent: string | null;
    backup: boolean;
}

export interface Track {
    kind: 'video' | 'audio';
    track: number;
    codec: string;
    profile?: string | null;
    level?: string | null;
    width?: number;
    height?: number;
    frameRate?: number | null;
    declaredFrameRate?: number | null;
    gopMs?: number | null;
    sampleRate?: number;
    channels?: number;
    bitrate?: number;
}

export interface Recording {
    active: boolean;
    file: string;
    startTime: string;
    durationMs: number;
    bytes: number;
    gaps: number;
}

export interface History {
    stepMs: number;
    endTime: string;
    inBitrate: number[];
    outBitrate: number[];
    viewers: number[];
    frameRate?: number[];
    cpuPercent?: number[];
}

export interface Traffic {
    inBytes: number;
    outBytes: number;
    inBitrate: number;
    outBitrate: number;
    inPackets: number;
    outPackets: number;
}

export interface Stream extends Traffic {
    streamPath: string;
    app: string;
    name: string;
    status: 'live' | 'reconnecting' | 'waiting';
    startTime: string | null;
    uptimeMs: number | null;
    publisher: Peer | null;
    standby: Peer | null;
    video: Track | null;
    audio: Track | null;
    tracks: Track[];
    viewers: { total: number; rtmp: number; flv: number; ws: number; record: number };
    drops: { packets: number; broken: number; beforeKeyframe: number };
    skips: { count: number; packets: number; lagMs: number; lagBytes: number };
    stalls: number;
    repairs: { jumps: number; disorders: number; drifts: number };
    takeovers: number;
    switches: number;
    recording: Recording | null;
    history?: History;
}

export interface Worker {
    index: number;
    busyPercent: number;
    sessions: number;
    viewers: number;
    backend: string;
}

export interface Server extends Traffic {
    version: string;
    time: string;
    startTime: string;
    uptimeMs: number;
    pid: number;
    cpu: { percent: number; userMs: number; systemMs: number; cores: number };
    memory: { rssBytes: number; limitBytes: number | null };
    workers: Worker[];
    streams: { live: number; total: number };
    sessions: {
        total: number; publishers: number; viewers: number;
        rtmp: number; flv: number; ws: number; http: number; record: number;
    };
    connections: { open: number; accepted: number; refused: number; byReason: Record<string, number> };
    drops: number;
    skips: number;
    stalls: number;
    limits: Record<string, number>;
    refused: { publishers: number; viewers: number; byAddress: number; bySign: number; byHook: number };
    webhooks: { sent: number; failed: number; retried: number; deadLetters: number; queued: number };
    records: { active: number; gaps: number };
    descriptors: { open: number; limit: number };
    history?: History;
}

export interface Statistics {
    server: Server;
    streams: Stream[];
    truncated?: boolean;
}

export interface Viewer extends Traffic {
    id: string;
    role: 'publisher' | 'viewer' | 'idle';
    protocol: string;
    streamPath: string | null;
    ip: string | null;
    port: number | null;
    userAgent: string | null;
    createTime: string;
    ageMs: number;
    lagMs: number;
    lagBytes: number;
    skips: { count: number; packets: number };
    worker: number;
    internal: boolean;
}

export interface PastSession {
    id: string;
    role: 'publisher' | 'viewer';
    protocol: string;
    streamPath: string;
    ip: string | null;
    startTime: string;
    endTime: string | null;
    reason: string | null;
}

export interface RecordFile {
    streamPath: string;
    app: string;
    name: string;
    file: string;
    startTime: string;
    endTime: string | null;
    durationMs: number;
    bytes: number;
    videoCodec: string | null;
    audioCodec: string | null;
    state: 'recording' | 'complete' | 'interrupted';
    reason: string | null;
}

export interface RecordUsage {
    path: string;
    usedBytes: number;
    freeBytes: number;
    totalBytes: number;
    files: number;
    streams: {
        streamPath: string; usedBytes: number; files: number;
        firstTime: string | null; lastTime: string | null;
    }[];
}

export interface ServerEvent {
    action: string;
    eventId: string | number;
    time: string;
    id?: string;
    ip?: string;
    app?: string;
    name?: string;
    streamPath?: string;
    protocol?: string;
    userAgent?: string | null;
    reason?: string | null;
    filePath?: string;
    duration?: number;
    size?: number;
    detail?: Record<string, unknown>;
}
