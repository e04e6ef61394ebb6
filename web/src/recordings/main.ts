import { Feed } from '../api/feed.ts';
import { shell } from '../ui/shell.ts';

shell('recordings', new Feed());
