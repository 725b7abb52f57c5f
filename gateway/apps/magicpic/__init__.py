"""MagicPic's public API, at `/api`."""

from gateway.apps.magicpic.admin import Admin
from gateway.apps.magicpic.admin_money import AdminMoney
from gateway.apps.magicpic.ads import Ads
from gateway.apps.magicpic.arena import Arena
from gateway.apps.magicpic.auth import Auth
from gateway.apps.magicpic.battles import Battles
from gateway.apps.magicpic.boards import Boards
from gateway.apps.magicpic.catalog import Catalog
from gateway.apps.magicpic.challenges import Challenges
from gateway.apps.magicpic.consuming import Consuming
from gateway.apps.magicpic.creations import Creations
from gateway.apps.magicpic.credits import Credits
from gateway.apps.magicpic.discover import Discover
from gateway.apps.magicpic.door_out import DoorOut
from gateway.apps.magicpic.feed import Feed
from gateway.apps.magicpic.following import Following
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.generation import Generation
from gateway.apps.magicpic.jobs import Jobs
from gateway.apps.magicpic.leaderboards import Leaderboards
from gateway.apps.magicpic.links import Links
from gateway.apps.magicpic.making import Making
from gateway.apps.magicpic.marks import Marks
from gateway.apps.magicpic.moderation import Moderation
from gateway.apps.magicpic.notifications import Notifications
from gateway.apps.magicpic.passwords import PasswordRoom
from gateway.apps.magicpic.people import People
from gateway.apps.magicpic.profile import Profile
from gateway.apps.magicpic.purchases import Purchases
from gateway.apps.magicpic.purses import Purses
from gateway.apps.magicpic.receipts import Receipts
from gateway.apps.magicpic.sessions import Sessions
from gateway.apps.magicpic.shares import Shares
from gateway.apps.magicpic.shelf import Shelf
from gateway.apps.magicpic.subscriptions import Subscriptions
from gateway.apps.magicpic.uploading import Uploading
from gateway.apps.magicpic.verification import Verification
from gateway.apps.magicpic.vote_origins import VoteOrigins
from gateway.apps.magicpic.vote_reviews import VoteReviews
from gateway.apps.magicpic.ways_in import WaysIn
from gateway.apps.magicpic.webhooks import Webhooks
from gateway.routing import Guard
from gateway.settings import GatewaySettings
from gateway.tap import Tap
from gateway.uploads import Uploads
from kernel.caller import Caller


def areas(settings: GatewaySettings, caller: Caller, tap: Tap, guard: Guard, uploads: Uploads) -> list[object]:
    """The objects whose methods are the API's endpoints."""
    shelf = Shelf(caller, tap)
    people = People(caller)
    gallery = Gallery(people, shelf)
    following = Following(caller, tap)
    links = Links(settings.gateway_public_url)
    making = Making(caller, gallery, following, uploads, links, settings.generate_wait_s)
    generation = Generation(
        making,
        shelf,
        uploads,
        body_timeout_s=settings.body_timeout_s,
        upload_timeout_s=settings.upload_timeout_s,
    )
    profile = Profile(
        caller,
        gallery,
        uploads,
        body_timeout_s=settings.body_timeout_s,
        upload_timeout_s=settings.upload_timeout_s,
    )
    purses = Purses(caller, tap)
    return [
        Catalog(caller, shelf, gallery),
        Discover(caller, shelf, gallery),
        Challenges(caller, shelf, gallery),
        Credits(caller),
        Purchases(caller),
        Ads(caller),
        Receipts(caller),
        Subscriptions(caller),
        *([Consuming(caller)] if settings.credits_consume else []),
        Creations(caller, gallery),
        Feed(caller, gallery),
        Marks(caller, gallery),
        Moderation(caller, gallery),
        Shares(caller, gallery, links),
        generation,
        Jobs(caller, gallery, following),
        Leaderboards(Boards(caller, people, tap)),
        Uploading(caller, uploads, upload_timeout_s=settings.upload_timeout_s),
        Battles(caller, Arena(caller, gallery, shelf), VoteOrigins(settings.s3_secret_key, guard.addresses)),
        Auth(caller, purses, guard),
        Verification(caller, purses, guard.addresses),
        WaysIn(caller, purses, guard),
        PasswordRoom(caller, guard.addresses),
        Sessions(caller, guard.tokens.revocations),
        profile,
        Notifications(caller),
        DoorOut(caller, guard.addresses),
        Admin(caller),
        AdminMoney(caller),
        VoteReviews(caller),
        Webhooks(caller, body_timeout_s=settings.body_timeout_s),
    ]
