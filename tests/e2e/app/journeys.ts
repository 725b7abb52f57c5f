// The guide's journeys, walked with the app's own logic: `node journeys.ts SERVER PHOTO`. Ends with 0, or says what failed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Phone, told } from './phone.ts';

const [server, photoFile] = process.argv.slice(2) as [string, string];
const photo = readFileSync(photoFile);
const PASSWORD = 'Correct-Horse-1';

async function refused(asked: Promise<unknown>): Promise<{ status?: number; code?: string; message: string }> {
  try {
    await asked;
  } catch (error) {
    return told(error);
  }
  throw new Error('it was not refused');
}

async function someone(name: string): Promise<{ phone: Phone; email: string; id: number }> {
  const phone = new Phone(server);
  const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
  const { data } = await phone.enter('signup', { email, password: PASSWORD, name });
  return { phone, email, id: data.user.id };
}

async function newUser(): Promise<void> {
  const { phone } = await someone('Nina');
  const styles = await phone.get('/styles', { sort: 'popular', limit: 20 });
  assert.equal(styles.pagination.limit, 20);
  const trending = await phone.get('/styles/trending');
  assert.ok(trending.data.length <= 10);
  const made = await phone.generate(photo, { style_id: String(styles.data[0].id), mood: 'happy' });
  assert.equal(made.message, 'Image generated successfully!');
  assert.equal(made.data.creation.style.name, styles.data[0].name);
  const { data: balance } = await phone.get('/credits/balance');
  assert.equal(balance.balance, 2500 - made.data.credits_used);
  assert.equal(made.data.credits_remaining, balance.balance);
  const mine = await phone.get('/creations/mine');
  assert.equal(mine.data[0].id, made.data.creation.id);
  const { data: profile } = await phone.get('/users/profile');
  assert.equal(profile.credits, balance.balance);
  const { status, code, message } = await refused(phone.generate(Buffer.from('no picture'), { style_id: '1' }));
  assert.deepEqual([status, code], [400, 'INVALID_IMAGE']);
  assert.match(message, /Only JPG, PNG, and WebP images are supported\./);
}

/** An access token is spoilt: whatever asks then waits for one refresh and is repeated; the first refresh token goes on. */
async function returningUser(): Promise<void> {
  const { email } = await someone('Rita');
  const phone = new Phone(server);
  await phone.enter('login', { email, password: PASSWORD });
  for (let day = 1; day <= 3; day += 1) {
    await phone.store.set('access_token', 'expired');
    const [profile, balance, mine] = await Promise.all([
      phone.get('/users/profile'),
      phone.get('/credits/balance'),
      phone.get('/creations/mine'),
    ]);
    assert.equal(profile.data.email, email);
    assert.equal(balance.data.balance, 2500);
    assert.equal(mine.total, 0);
    // Requests whose 401 comes while a refresh is under way share it; a slower one refreshes again, with the same token.
    assert.ok(phone.refreshes >= day && phone.refreshes <= 3 * day);
  }
  assert.equal(phone.signedOut, false);
  const wrong = await refused(new Phone(server).enter('login', { email, password: 'Wrong-Horse-1' }));
  assert.equal(wrong.status, 401); // which makes the app refresh with the token that it does not have, and sign out
  await phone.store.set('access_token', 'expired');
  await phone.store.set('refresh_token', 'expired');
  assert.equal((await refused(phone.get('/users/profile'))).status, 401);
  assert.equal(phone.signedOut, true);
}

/** Two enter, a third votes and looks on; everyone hears what the guide's client listens for, with the payloads it reads. */
async function voter(): Promise<void> {
  const [ann, bob, voter] = await Promise.all(['Ann', 'Bob', 'Vera'].map(someone));
  const heard = new Map<string, unknown>();
  const sockets = await Promise.all([ann.phone.connect(server), voter.phone.connect(server)]);
  for (const socket of sockets) socket.onAny((name, payload) => heard.set(name, payload));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', () => resolve(null)))));
  const style = { style_id: '1' };
  const made = await Promise.all([ann, bob].map(({ phone }) => phone.generate(photo, style)));
  const [hers, his] = made.map((answer) => answer.data.creation.id);
  await Promise.all([
    ann.phone.post('/battles/enter', { creation_id: hers }),
    bob.phone.post('/battles/enter', { creation_id: his }),
  ]);
  const battle = await until(async () => {
    const { data } = await voter.phone.get('/battles/current');
    return data && [data.creation_a.id, data.creation_b.id].includes(hers) ? data : null;
  });
  sockets[1].emit('battle:join', { battle_id: battle.id });
  const { data: vote, message } = await voter.phone.post(`/battles/${battle.id}/vote`, { creation_id: hers });
  assert.equal(message, 'Vote recorded!');
  // The app adds one at once; the answer and what is asked for afterwards must agree.
  const side = battle.creation_a.id === hers ? 'votes_a' : 'votes_b';
  assert.equal(vote[side], battle[side] + 1);
  assert.equal((await refused(voter.phone.post(`/battles/${battle.id}/vote`, { creation_id: his }))).code, 'ALREADY_VOTED');
  const liked = await voter.phone.post(`/creations/${hers}/like`);
  assert.deepEqual(liked.data, { likes_count: 1, is_liked: true });
  const expected = ['battle:vote_update', 'battle:ended', 'creation:liked', 'credits:updated'];
  await until(async () => expected.every((name) => heard.has(name)) || null);
  const board = await voter.phone.get('/battles/leaderboard', { period: 'weekly' });
  assert.equal(board.data.period, 'weekly');
  for (const socket of sockets) socket.disconnect();
  console.log(JSON.stringify(Object.fromEntries(heard)));
}

async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A token that is no good is told with a code, so that the app can refresh and connect again. */
async function stranger(): Promise<void> {
  const phone = new Phone(server);
  await phone.store.set('access_token', 'expired');
  const socket = await phone.connect(server);
  const error = await new Promise<any>((resolve) => socket.once('connect_error', resolve));
  assert.equal(error.data.code, 'INVALID_TOKEN');
  socket.disconnect();
}

for (const journey of [newUser, returningUser, voter, stranger]) {
  await journey();
  console.log(`${journey.name}: walked`);
}
