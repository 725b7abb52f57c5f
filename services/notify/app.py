"""Notify's composition root."""

from datetime import timedelta

from kernel.decider import Codec
from kernel.service import Service
from services.notify import projections
from services.notify.composing import Sender
from services.notify.domain import MAIL
from services.notify.erasing import SinkEraser
from services.notify.mailer import Mailer
from services.notify.relay import Relay
from services.notify.settings import NotifySettings
from services.notify.subscribers import Subscribers

__all__ = ["CODEC", "NotifySettings", "build"]

CODEC = Codec(MAIL)


def build(settings: NotifySettings) -> Service:
    service = Service(
        "notify",
        settings,
        settings.notify_database_url,
        CODEC,
        project=projections.project,
        publish=lambda _: None,  # what became of a mail is nobody else's business
    )
    mailer = Mailer(
        service.commands,
        Relay(settings),
        Sender(settings.mail_from, settings.mail_from_name),
        connections=settings.smtp_connections,
        timeout_s=settings.smtp_timeout_s,
        max_age=timedelta(hours=settings.mail_max_age_h),
    )
    eraser = SinkEraser(settings.mail_sink_dir) if settings.mail_sink_dir else None
    Subscribers(mailer, service.bus.caller, app_url=settings.app_url).listen(service.bus, eraser)
    service.on_stop.append(mailer.close)
    return service
