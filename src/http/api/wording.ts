import { USUAL_STATUS, type Wording } from '../rest/trouble.ts';

export const wording: Wording = (trouble) => ({ status: USUAL_STATUS[trouble.kind], body: { error: trouble.kind } });
