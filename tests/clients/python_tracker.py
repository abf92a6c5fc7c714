"""Sends one event of each kind with snowplow-tracker: python python_tracker.py HOST PORT get|post base64|plain"""

import sys

from snowplow_tracker import (
    Emitter,
    PagePing,
    PageView,
    ScreenView,
    SelfDescribing,
    SelfDescribingJson,
    StructuredEvent,
    Subject,
    Tracker,
)

host, port, method, encoding = sys.argv[1:]
failed = []
emitter = Emitter(
    host,
    protocol="http",
    port=int(port),
    method=method,
    batch_size=3,
    on_failure=lambda _, events: failed.extend(events),
)
subject = Subject()
subject.set_platform("pc")
subject.set_user_id("user-2")
subject.set_screen_resolution(2560, 1440)
subject.set_viewport(1024, 768)
subject.set_color_depth(32)
subject.set_timezone("America/New_York")
subject.set_lang("en")
subject.set_ip_address("2001:db8::7")
subject.set_useragent("piste-story/2.0 (python)")
subject.set_domain_user_id("python-visitor")
subject.set_domain_session_id("6f1d6e9b-6d4e-4a6c-9d2f-2b7c1d7a9e01")
subject.set_domain_session_index(7)
subject.set_network_user_id("7c9e6679-7425-40de-944b-e07fc1f90ae7")
tracker = Tracker("py-ns", emitter, subject=subject, app_id="py-app", encode_base64=encoding == "base64")

web_page = SelfDescribingJson(
    "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0",
    {"id": "c6ef3124-b53a-4b13-a233-0088f79dcbcb"},
)
product = SelfDescribingJson(
    "iglu:com.example.shop/product/jsonschema/1-0-0",
    {"sku": "boot-7", "name": "Botte d’hiver", "price": 120, "tags": []},
)
at = 1700000000123

tracker.track(
    PageView(
        page_url="http://shop.example/bottes?taille=42",
        page_title="Bottes & cie",
        referrer="http://shop.example/",
        context=[web_page],
        true_timestamp=at,
    )
)
tracker.track(
    PagePing(
        page_url="http://shop.example/bottes",
        page_title="Bottes",
        min_x=1,
        max_x=2,
        min_y=3,
        max_y=400,
        true_timestamp=at,
    )
)
tracker.track(
    StructuredEvent(category="media", action="play", label="film", property_="hd", value=0.1, true_timestamp=at)
)
tracker.track(
    SelfDescribing(
        SelfDescribingJson(
            "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1",
            {"targetUrl": "http://shop.example/panier", "elementId": "panier"},
        ),
        context=[web_page, product],
        true_timestamp=at,
    )
)
tracker.track(ScreenView(id_="fa3a0bd1-a5d3-4f5f-8f5e-2f8e8a1b7c3d", name="accueil", true_timestamp=at))
tracker.flush()
sys.exit(f"not taken: {failed}" if failed else 0)
