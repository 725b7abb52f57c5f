"""Notify's composition root."""

from datetime import timedelta

from contracts.errors import ServiceError
from kernel.clock import utc_now
from kernel.db import LOST
from kernel.decider import Codec
from kernel.logging import log
from kernel.service import Service
from kernel.sweeper import Sweeper
from services.notify import projections
from services.notify.claims import Claims
from services.notify.composing import Sender
from services.notify.departures import Departures
from services.notify.devices import Devices
from services.notify.domain import BROADCAST, INBOX, LIKES, MAIL, PUSH
from services.notify.erasing import SinkEraser
from services.notify.fcm import Fcm
from services.notify.google_account import AccessTokens, key_of
from services.notify.keeping import LIKES_TIMER, Keeper
from services.notify.mailer import Mailer
from services.notify.news import News
from services.notify.preferences import PreferenceBook
from services.notify.publishing import publish
from services.notify.pusher import CLAIM_MARGIN_S, Pusher
from services.notify.queries import Queries
from services.notify.relay import Relay
from services.notify.rpc import Requests
from services.notify.settings import NotifySettings
from services.notify.subscribers import Subscribers

__all__ = ["CODEC", "NotifySettings", "build"]

CODEC = Codec(MAIL, PUSH, INBOX, BROADCAST, LIKES)


def build(settings: NotifySettings) -> Service:
    async def fire(timer_id: str) -> None:
        kind, key, number = timer_id.split(":")
        try:
            if kind == LIKES_TIMER:
                await news.end_gathering(int(key), int(number))
            elif pusher:
                await pusher.fire(key, int(number))
        except LOST:
            raise ServiceError("SERVICE_UNAVAILABLE", "The database went away.") from None

    pushes = bool(settings.fcm_service_account.get_secret_value().strip())
    keeper = Keeper(pushes=pushes)
    service = Service(
        "notify",
        settings,
        settings.notify_database_url,
        CODEC,
        project=projections.project,
        keep=keeper.keep,
        deadlines=keeper.deadlines,
        publish=publish,
        fire=fire,
    )
    departures = Departures(service.database, service.commands)
    devices = Devices(service.database, departures, life=timedelta(days=settings.device_life_days), clock=utc_now)
    preferences = PreferenceBook(service.database, departures)
    news = News(
        service.commands,
        preferences,
        max_age=timedelta(hours=settings.news_max_age_h),
        like_window=timedelta(seconds=settings.like_window_s),
        clock=utc_now,
    )
    news.listen(service.bus)
    pusher = _pusher(settings, service, devices, preferences) if pushes else None
    if pusher:
        service.on_stop.append(pusher.close)
    else:
        log.info("nothing is pushed: MAGICPIC_FCM_SERVICE_ACCOUNT is not set")
    Requests(service.commands, Queries(service.database, clock=utc_now), devices, preferences).answer(service.bus)
    sweeper = Sweeper(devices.sweep)
    service.on_start.append(sweeper.start)
    service.on_stop.append(sweeper.close)
    _write_mail(settings, service, departures)
    return service


def _pusher(settings: NotifySettings, service: Service, devices: Devices, preferences: PreferenceBook) -> Pusher:
    key = key_of(settings.fcm_service_account)
    fcm = Fcm(
        settings.fcm_url,
        str(key["project_id"]),
        AccessTokens(key),
        connections=settings.fcm_connections,
        timeout_s=settings.fcm_timeout_s,
    )
    life = timedelta(seconds=settings.fcm_timeout_s + CLAIM_MARGIN_S)
    return Pusher(
        service.database,
        Claims(service.commands, PUSH, life=life, clock=utc_now),
        devices,
        preferences,
        fcm,
        connections=settings.fcm_connections,
        max_age=timedelta(hours=settings.news_max_age_h),
        clock=utc_now,
    )


def _write_mail(settings: NotifySettings, service: Service, departures: Departures) -> None:
    mailer = Mailer(
        service.commands,
        Relay(settings),
        Sender(settings.mail_from, settings.mail_from_name),
        connections=settings.smtp_connections,
        timeout_s=settings.smtp_timeout_s,
        max_age=timedelta(hours=settings.mail_max_age_h),
    )
    eraser = SinkEraser(settings.mail_sink_dir) if settings.mail_sink_dir else None
    Subscribers(mailer, service.bus.caller, app_url=settings.app_url).listen(service.bus, departures, eraser)
    service.on_stop.append(mailer.close)
