// What the guide's mobile app does with the API: axios with two interceptors, tokens in the phone's secure store, one
// refresh at a time whose rotated refresh token is never stored, and a Socket.IO client. Behaviour for behaviour.
import axios, { type AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { io, type Socket } from 'socket.io-client';

type Json = any;
type Retried = InternalAxiosRequestConfig & { retried?: boolean };

/** Stands for the phone's secure store, which takes texts of at most 2048 bytes. */
export class SecureStore {
  private readonly kept = new Map<string, string>();

  async get(key: string): Promise<string | null> {
    return this.kept.get(key) ?? null;
  }

  async set(key: string, value: string): Promise<void> {
    if (Buffer.byteLength(value) > 2048) throw new Error(`${key} is too long for the secure store`);
    this.kept.set(key, value);
  }

  async remove(key: string): Promise<void> {
    this.kept.delete(key);
  }
}

export class Phone {
  readonly store = new SecureStore();
  refreshes = 0;
  signedOut = false;
  private readonly http: AxiosInstance;
  private readonly base: string;
  private refreshing: Promise<string> | null = null;

  constructor(server: string) {
    this.base = `${server}/api`;
    this.http = axios.create({
      baseURL: this.base,
      timeout: 30_000,
      headers: { 'Content-Type': 'application/json', 'X-App-Version': '1.0.0', 'X-Platform': 'android' },
    });
    this.http.interceptors.request.use(async (config) => {
      const token = await this.store.get('access_token');
      if (token) config.headers.Authorization = `Bearer ${token}`;
      return config;
    });
    this.http.interceptors.response.use(
      (response) => response,
      async (error: AxiosError) => {
        const request = error.config as Retried | undefined;
        if (error.response?.status !== 401 || !request || request.retried) throw error;
        request.retried = true;
        try {
          request.headers.Authorization = `Bearer ${await this.refresh()}`;
        } catch (failed) {
          await this.forget();
          throw failed;
        }
        return this.http(request);
      },
    );
  }

  private refresh(): Promise<string> {
    this.refreshing ??= (async () => {
      const headers = { Authorization: `Bearer ${await this.store.get('refresh_token')}` };
      this.refreshes += 1;
      const answer = await axios.post(`${this.base}/auth/refresh`, null, { headers });
      await this.store.set('access_token', answer.data.data.access_token);
      return answer.data.data.access_token as string;
    })().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async forget(): Promise<void> {
    await this.store.remove('access_token');
    await this.store.remove('refresh_token');
    this.signedOut = true;
  }

  async enter(path: 'signup' | 'login', body: Json): Promise<Json> {
    const answer = await this.http.post(`/auth/${path}`, body);
    await this.store.set('access_token', answer.data.data.access_token);
    await this.store.set('refresh_token', answer.data.data.refresh_token);
    return answer.data;
  }

  async get(path: string, params?: Json): Promise<Json> {
    return (await this.http.get(path, { params })).data;
  }

  async post(path: string, body?: Json): Promise<Json> {
    return (await this.http.post(path, body)).data;
  }

  /** A form as the app makes it: every photo is called photo.jpg and image/jpeg, whatever it is. */
  async generate(photo: Uint8Array, options: Record<string, string>): Promise<Json> {
    const form = new FormData();
    form.append('image', new Blob([photo], { type: 'image/jpeg' }), 'photo.jpg');
    for (const [name, value] of Object.entries(options)) form.append(name, value);
    const headers = { 'Content-Type': 'multipart/form-data' };
    return (await this.http.post('/creations/generate', form, { headers, timeout: 60_000 })).data;
  }

  async connect(server: string): Promise<Socket> {
    return io(server, { auth: { token: await this.store.get('access_token') }, transports: ['websocket'] });
  }
}

/** What the app shows for an error. */
export function told(error: unknown): { status?: number; code?: string; message: string } {
  if (!axios.isAxiosError(error)) throw error;
  if (!error.response) return { message: 'Network error. Please check your connection.' };
  const { code, message } = error.response.data?.error ?? {};
  return { status: error.response.status, code, message: message ?? 'Something went wrong.' };
}
